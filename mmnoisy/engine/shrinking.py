"""Pictures at the size that training needs, by shards."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional

import cv2
import pyarrow as pa
from torch.utils.data import DataLoader, Dataset

from mmnoisy.datasets.pictures.shrink import WRITTEN, shrink_file
from mmnoisy.engine.distributed.shard_jobs import ALONE, Compute, Job, Workers
from mmnoisy.engine.picture_sets import Pictures
from mmnoisy.errors import InputError
from mmnoisy.io.arrays import arrays_hash, read_info
from mmnoisy.io.atomic import atomic_write, remove_parts, write_csv
from mmnoisy.io.shards import Shards, numbered, spans

WHAT, VERSION, INFO = 'folder of shrunk pictures', 1, 'shrunk.json'
FAILURES = 'failures.csv'
UNSAID = 'a name that is not UTF-8'
_AT_ONCE = 16  # pictures that a worker is given
_SCHEMA = pa.schema(
    [
        *(('path', pa.string()), ('outcome', pa.string()), ('error', pa.string())),
        *(('before', pa.int64()), ('after', pa.int64())),
    ]
)


class Size(NamedTuple):
    """What is written: pixels of the shorter edge, and the quality of the JPEGs."""

    short_edge: int
    quality: int = 90


class Account(NamedTuple):
    """What became of all pictures.

    Attributes:
        counts: by outcome.
        before: bytes of those that are there now.
        after: what they have now.
        first_error: of the first picture that is not, in a sentence; empty where all are.
    """

    counts: Counter
    before: int
    after: int
    first_error: str


class Shrinking(Dataset):
    """What becomes of each picture, as a row of a table; it is written by the way.

    Args:
        pictures: to be shrunk.
        size: of what is written.
        out: the folder to write, under the same names; None: the content is in the row.
    """

    def __init__(self, pictures: Pictures, size: Size, out: Optional[Path]) -> None:
        self.pictures, self.size, self.out = pictures, size, out

    def __len__(self) -> int:
        return len(self.pictures.names)

    def __getitem__(self, row: int) -> Dict[str, Any]:
        name = self.pictures.names[row]
        target = None if self.out is None else self.out / name
        found = shrink_file(self.pictures.root / name, target, *self.size)
        told = dict(path=name, outcome=found.what, error=found.error or None)
        return dict(told, before=found.before, after=found.after, data=found.data)


def shrunk_tables(shrinking: Shrinking, shard_images: int, num_workers: int) -> Compute:
    """Accounts of shards of pictures; with the pictures where these go to no folder.

    Args:
        shrinking: the pictures.
        shard_images: pictures in a shard.
        num_workers: processes that shrink; up to 1: this one.
    """
    of_all = spans(len(shrinking), shard_images)
    schema = _SCHEMA if shrinking.out else _SCHEMA.append(pa.field('data', pa.binary()))

    def compute(numbers: Iterable[int]) -> Iterator[pa.Table]:
        chosen = [of_all[number] for number in numbers]
        # As many threads as processes, also of workers on Ray. Not in those of the loader
        # themselves: OpenCV waits there for ever for threads of this one.
        cv2.setNumThreads(0)
        loader = DataLoader(
            shrinking,
            batch_sampler=(batch for span in chosen for batch in _batches(span)),
            num_workers=num_workers if num_workers > 1 else 0,
            collate_fn=list,
        )
        rows = iter(loader)
        for span in chosen:
            of_shard = (row for _ in _batches(span) for row in next(rows))
            yield pa.Table.from_pylist([*of_shard], schema)

    return compute


def shrink_pictures(
    shrinking: Shrinking,
    folder: Path,
    shard_images: int = 2048,
    num_workers: int = 1,
    workers: Workers = ALONE,
) -> Optional[Account]:
    """Shrinks pictures; those that are there are left alone, those that cannot be read counted.

    Args:
        shrinking: the pictures.
        folder: of the shards, which goes once all are there, unless they hold the pictures.
        shard_images: as of :func:`shrunk_tables`.
        num_workers: as of :func:`shrunk_tables`.
        workers: who computes.

    Returns:
        What became of all of them, where this process is to say so.

    Raises:
        InputError: the folder to write is of another size or other pictures, or cannot be written;
            no picture can be read.
    """
    made_of: Dict[str, Any] = dict(shrinking.size._asdict(), shard_images=shard_images)
    made_of['pictures'] = arrays_hash(shrinking.pictures.names.arrays())
    whole = folder
    if shrinking.out is not None:
        _check_folder(shrinking, shrinking.out)
        # Beside what is left of a run on other pictures: what that has written is there already.
        folder = whole / made_of['pictures'][:12]
    rows = spans(len(shrinking), shard_images)
    shards = Shards(folder, made_of, numbered(len(rows)))
    tables = partial(shrunk_tables, shrinking, shard_images, num_workers)
    sizes = [span.stop - span.start for span in rows]
    if not workers.compute(Job(shards, sizes, tables(), tables, 'shrinking')):
        return None
    counts: Counter = Counter()
    before, after, failed = 0, 0, []
    for table in shards:
        for row in table.select(_SCHEMA.names).to_pylist():
            counts[row['outcome']] += 1
            before, after = before + row['before'], after + row['after']
            if row['outcome'] not in WRITTEN:
                failed.append((row['path'], row['outcome'], row['error']))
    for name in shrinking.pictures.unsaid:
        counts[UNSAID] += 1
        failed.append((name, UNSAID, f'{shrinking.pictures.root}/{name}: {UNSAID}'))
    if shrinking.out is not None:
        shutil.rmtree(whole)
        remove_parts(shrinking.out)
        write_csv(shrinking.out / FAILURES, ('Path', 'Reason'), (row[:2] for row in failed))
    if not any(counts[what] for what in WRITTEN):
        raise InputError(f'{shrinking.pictures.root}: no picture can be read, as {failed[0][2]}')
    return Account(counts, before, after, failed[0][2] if failed else '')


def _check_folder(shrinking: Shrinking, out: Path) -> None:
    """Refuses a folder that holds anything else; marks a new one."""
    root = shrinking.pictures.root.resolve()
    if out.resolve() == root:
        raise InputError(f'{out}: holds the pictures themselves; name another folder with --out')
    made: Dict[str, Any] = dict(format=f'mmnoisy {WHAT}', version=VERSION)
    made.update(shrinking.size._asdict(), pictures=str(root))
    filled = out.is_dir() and any(out.glob('[!.]*'))  # before another process begins
    if (out / INFO).exists():
        found = read_info(out / INFO, WHAT, [VERSION], 'name another folder with --out')
        other = sorted(key for key in made if found.get(key) != made[key])
        if other:
            told = ', '.join(f'{key} {found.get(key)}' for key in other)
            raise InputError(f'{out}: was made with {told}; name another folder with --out')
    elif filled:
        raise InputError(f'{out}: is there already; name another folder with --out')
    else:
        with atomic_write(out / INFO, shared=True) as file:
            json.dump(made, file, indent=1)


def _batches(span: slice) -> Iterator[List[int]]:
    for first in range(span.start, span.stop, _AT_ONCE):
        yield [*range(first, min(first + _AT_ONCE, span.stop))]
