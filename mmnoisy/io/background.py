"""Writing by a thread, while the caller goes on."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Callable, Optional


class BackgroundJobs:
    """Runs jobs one after another in a thread; where one fails, the next ones do not run.

    What a job raises is raised again where the caller looks next. A process waits for the jobs at
    its end, however it ends, other than by being killed.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, 'writer')
        self._last: Optional[Future] = None

    @property
    def busy(self) -> bool:
        """Whether a job is not done yet."""
        return self._last is not None and not self._last.done()

    def start(self, job: Callable[[], None]) -> None:
        """Waits until those before it are done, then starts a job."""
        self.wait()
        self._last = self._pool.submit(job)

    def follow(self, job: Callable[[], None]) -> None:
        """Has a job done after those before it, without waiting for them."""
        before = self._last

        def run() -> None:
            if before is not None:
                before.result()
            job()

        self._last = self._pool.submit(run)

    def check(self) -> None:
        """Raises what a job has raised that is done by now."""
        if not self.busy:
            self.wait()

    def wait(self) -> None:
        """Waits until all jobs are done; raises what one of them has raised."""
        last, self._last = self._last, None
        if last is not None:
            last.result()
