"""Fetches the pictures of an image list, several at a time, and accounts for every row."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, as_completed, wait
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Generator, Iterable, Iterator, Optional, Tuple

from mmnoisy.datasets.pictures.fetch import FETCHED, THERE, Fetcher, is_transient
from mmnoisy.datasets.pictures.list import MALFORMED, Picture, Source, read_pictures
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import write_csv
from mmnoisy.io.progress import progress
from mmnoisy.io.texts import Texts
from mmnoisy.wording import counted

FAILURES = 'failures.csv'


def download(
    image_list: Path,
    source: Source,
    fetcher: Fetcher,
    jobs: int = 16,
    limit: Optional[int] = None,
    image_ids: Optional[Texts] = None,
) -> Counter:
    """Fetches what is not there yet; a run that was ended anyhow goes on when started again.

    Writes ``failures.csv``, ``ImageID,URL,Reason`` of every picture that did not come, into the
    folder of the pictures once all rows were tried. The memory used does not grow with the list.

    Args:
        image_list: an ``images.csv``.
        source: where the pictures come from and what they are called.
        fetcher: fetches one of them.
        jobs: pictures fetched at once.
        limit: only so many rows, the first ones.
        image_ids: (N) texts, ascending; only rows of these images.

    Returns:
        Number of rows by what became of them.

    Raises:
        InputError: the list cannot be used, or the folder cannot be written to.
    """

    def pictures() -> Iterator[Picture]:
        return islice(read_pictures(image_list, source, image_ids), limit)

    num_rows = _count(image_list, pictures())
    account: Counter = Counter()
    bar = progress('fetching', total=num_rows, unit='pictures')
    with bar, closing(_fetch_all(pictures(), fetcher, jobs)) as results:

        def failures() -> Iterator[Tuple[str, str, str]]:
            for picture, outcome in results:
                account[outcome] += 1
                bar.update()
                if outcome not in (THERE, FETCHED):
                    yield picture.image_id, picture.url, outcome

        write_csv(fetcher.folder / FAILURES, ('ImageID', 'URL', 'Reason'), failures())
    return account


def account_table(account: Counter) -> str:
    """Rows = already there + fetched + what did not come, by reason."""
    total = sum(account.values())
    first = {reason: account[reason] for reason in (THERE, FETCHED)}
    width = len(f'{total:,}')
    lines = [f'{counted(total, "row")} asked for']
    for reason, count in {**first, **dict(account.most_common())}.items():
        lines.append(f'  {count:{width},} {reason}')
    return '\n'.join(lines)


def num_transient(account: Counter) -> int:
    """Number of pictures that may come when they are asked for again."""
    return sum(count for reason, count in account.items() if is_transient(reason))


def _count(image_list: Path, pictures: Iterable[Picture]) -> int:
    """Reads all rows once, so that a list that cannot be used ends before the first request."""
    num_rows, num_malformed, first = 0, 0, ''
    for picture in progress('reading the list', pictures, unit='rows'):
        num_rows += 1
        if picture.fault == MALFORMED:
            first = first or picture.image_id
            num_malformed += 1
    if num_rows == num_malformed:
        what = f'the first has the id {first!r}' if num_rows else 'there is none'
        raise InputError(
            f'{image_list}: none of its {num_rows} rows asked for can be used ({what}); give the '
            'images.csv of the release, and with --index the index of the same images'
        )
    return num_rows


def _fetch_all(
    pictures: Iterable[Picture], fetcher: Fetcher, jobs: int
) -> Generator[Tuple[Picture, str], None, None]:
    """Pictures and what became of them, as they come; few are under way at any time."""

    def fetch(picture: Picture) -> Tuple[Picture, str]:
        return picture, fetcher(picture)

    fetcher.stop.clear()
    pool = ThreadPoolExecutor(jobs)
    try:
        pending = set()
        for picture in pictures:
            pending.add(pool.submit(fetch, picture))
            if len(pending) >= 4 * jobs:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        yield from (future.result() for future in as_completed(pending))
    finally:
        fetcher.stop.set()
        pool.shutdown(cancel_futures=True)
