"""Writing by a thread, while the caller goes on."""

from __future__ import annotations

from concurrent.futures import Future
from threading import Thread
from typing import Callable, Optional


class BackgroundJobs:
    """Runs jobs one after another in threads; where one fails, those that follow do not run.

    What a job raises is raised again where the caller looks next. A process waits for the jobs at
    its end, however it ends, other than by being killed.
    """

    def __init__(self) -> None:
        self._last: Optional[Future] = None

    @property
    def busy(self) -> bool:
        """Whether a job is not done yet."""
        return self._last is not None and not self._last.done()

    def start(self, job: Callable[[], None]) -> None:
        """Waits until those before it are done, then starts a job."""
        self.wait()
        self.follow(job)

    def follow(self, job: Callable[[], None]) -> None:
        """Has a job done after those before it, without waiting for them."""
        before, done = self._last, Future()  # type: ignore[var-annotated]

        def run() -> None:
            try:
                if before is not None:
                    before.result()
                job()
                done.set_result(None)
            except BaseException as error:
                done.set_exception(error)

        Thread(target=run, name='background').start()
        self._last = done

    def check(self) -> None:
        """Raises what a job has raised that is done by now."""
        if not self.busy:
            self.wait()

    def wait(self) -> None:
        """Waits until all jobs are done; raises what one of them has raised."""
        last, self._last = self._last, None
        if last is not None:
            last.result()
