"""Cleans the labels of a whole index by any number of workers; a run that was ended goes on."""

from __future__ import annotations

import os
import shutil
from itertools import islice
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, NamedTuple, Optional

import numpy as np
from mmengine.dist import get_rank

from mmnoisy.cleaning.cleaned_set import write_cleaned_set
from mmnoisy.cleaning.pair_tables import pairs_of_table, table_of_pairs
from mmnoisy.cleaning.pairs import Rule, pairs_of
from mmnoisy.cleaning.scorer import Scorer
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.engine.distributed.shard_jobs import ALONE, Compute, Job, Workers
from mmnoisy.errors import InputError
from mmnoisy.io.arrays import arrays_hash
from mmnoisy.io.atomic import disk_errors
from mmnoisy.io.shards import Shards, numbered, spans

SHARD_IMAGES = 2048
AGAIN = 'make room and run the same command again, which goes on from there'


class Cleaning(NamedTuple):
    """What a cleaned data set depends on, beside the model and the index.

    Attributes:
        rule: when a label is kept, removed and added.
        cleaned: (C,) bool, the classes to clean; labels of the others stay.
        made_of: what else; kept in the JSON of the index.
        shard_images: images in a shard, the memory that it takes.
    """

    rule: Rule
    cleaned: np.ndarray
    made_of: Dict[str, Any]
    shard_images: int = SHARD_IMAGES


def clean(
    scorer: Scorer,
    source: Path,
    out: Path,
    how: Cleaning,
    workers: Workers = ALONE,
    elsewhere: Optional[Callable[[], Scorer]] = None,
    whole: bool = True,
) -> Optional[LabelIndex]:
    """Writes the cleaned data set of an index, see :func:`write_cleaned_set`.

    ``out`` appears whole, at the end. Until then finished shards of images are kept in the hidden
    folder ``.NAME.unfinished`` beside it. Where a run was ended, or by how many workers it was
    shared, does not change a bit of the result as long as every worker computes with the same
    number of threads. Where noisy labels are of other classes, all labels of the result are added.

    Args:
        scorer: a model with a cleaning head, and the index.
        source: the folder of the index.
        out: the folder to write.
        how: the labels are cleaned.
        workers: who computes.
        elsewhere: makes ``scorer`` in a process of another machine.
        whole: False to leave it at the shards, in ``out``, see :mod:`mmnoisy.cleaning.pair_tables`.

    Returns:
        The cleaned index; None where there is none (yet), and in all processes but the first.

    Raises:
        InputError: ``out`` exists and is not the result of the same run, the unfinished folder is
            that of another run, a picture cannot be read or the disk is full.
    """
    made_of = {**how.made_of, 'rule': how.rule._asdict(), 'labels': labels_hash(scorer.index)}
    made_of['classes_cleaned'] = (
        'all' if how.cleaned.all() else np.flatnonzero(how.cleaned).tolist()
    )
    if whole and out.exists():
        return _finished(out, made_of)
    unfinished = out.with_name(f'.{out.name}.unfinished')
    folder = unfinished / 'shards' if whole else out
    with disk_errors(out, AGAIN):
        rows = spans(len(scorer.index), how.shard_images)
        of_shards = {**made_of, 'shard_images': how.shard_images}
        shards = Shards(folder, of_shards, numbered(len(rows)))
        sizes = [span.stop - span.start for span in rows]
        job = Job(
            shards,
            sizes,
            _tables(scorer, how),
            None if elsewhere is None else lambda: _tables(elsewhere(), how),
            'cleaning',
        )
        if not workers.compute(job) or not whole:
            return None
        made = unfinished / 'whole'
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir()
        pairs = map(pairs_of_table, shards)
        write_cleaned_set(source, pairs, how.shard_images, how.rule, made_of, made)
        os.replace(made, out)
        shutil.rmtree(unfinished)
    return LabelIndex.open(out / 'index')


def _finished(out: Path, made_of: Dict[str, Any]) -> Optional[LabelIndex]:
    folder = out / 'index'
    if (folder / 'index.json').is_file():
        index = LabelIndex.open(folder)
        found = index.info.get('cleaned', {})
        if all(found.get(key) == value for key, value in made_of.items()):
            return index if get_rank() == 0 else None
    raise InputError(f'{out}: is there already, from another run; name another folder with --out')


def _tables(scorer: Scorer, how: Cleaning) -> Compute:
    """The shards of a cleaned set."""

    def compute(numbers: Iterable[int]) -> Iterator[Any]:
        numbers = [*numbers]
        of_numbers = pairs_of_spans(scorer, how.rule, how.cleaned, how.shard_images)(numbers)
        for number, pairs in zip(numbers, of_numbers):
            first = number * how.shard_images
            yield table_of_pairs(pairs, scorer.index, first, how.rule)

    return compute


def pairs_of_spans(scorer: Scorer, rule: Rule, cleaned: np.ndarray, size: int) -> Compute:
    """The pairs of spans of images, ``image`` counting within a span.

    Args:
        scorer: a model and the index.
        rule: which labels are added to the noisy ones.
        cleaned: (C,) bool, the classes to look at.
        size: images in a span.
    """
    of_index = spans(len(scorer.index), size)

    def compute(numbers: Iterable[int]) -> Iterator[np.ndarray]:
        chosen = [of_index[number] for number in numbers]
        batches = scorer(chosen)
        for span in chosen:
            parts = []
            for rows, scores in islice(batches, len([*scorer.batches([span])])):
                noisy = scorer.index.in_classes.take(np.arange(rows.start, rows.stop))
                pairs = pairs_of(noisy, scores, cleaned, rule)
                pairs['image'] += np.uint32(rows.start - span.start)
                parts.append(pairs)
            yield np.concatenate(parts)

    return compute


def labels_hash(index: LabelIndex) -> str:
    """SHA-256 of the images, labels, confidences and verdicts of an index."""
    return arrays_hash((*index.image_ids.arrays(), *index.noisy, *index.verdicts))
