"""Cleans the labels of a whole index by one or several processes; a run that was ended goes on."""

from __future__ import annotations

import hashlib
import os
import shutil
from itertools import islice
from pathlib import Path
from typing import Any, Dict, Optional

import numpy as np
from mmengine.dist import barrier, get_dist_info

from mmnoisy.cleaning.blocks import Blocks
from mmnoisy.cleaning.cleaned_set import write_cleaned_set
from mmnoisy.cleaning.pairs import Rule, pairs_of
from mmnoisy.cleaning.scorer import Scorer
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import disk_errors
from mmnoisy.io.progress import progress

BLOCK_IMAGES = 2048
AGAIN = 'make room and run the same command again, which goes on from there'

_HASHED = 2**20  # elements at once


def clean(
    scorer: Scorer,
    source: Path,
    out: Path,
    rule: Rule,
    cleaned: np.ndarray,
    made_of: Dict[str, Any],
    block_images: int,
) -> Optional[LabelIndex]:
    """Writes the cleaned data set of an index, see :func:`write_cleaned_set`.

    ``out`` appears whole, at the end. Until then finished blocks of images are kept in the hidden
    folder ``.NAME.unfinished`` beside it. Where a run was ended, or by how many processes it was
    shared, does not change a bit of the result as long as every process computes with the same
    number of threads. Where noisy labels are of other classes, all labels of the result are added.

    Args:
        scorer: a model with a cleaning head, and the index.
        source: the folder of the index.
        out: the folder to write.
        rule: when a label is kept, removed and added.
        cleaned: (C,) bool, the classes to clean; labels of the others stay.
        made_of: what else the result depends on; kept in the JSON of the index.
        block_images: images in a block, the memory that it takes.

    Returns:
        The cleaned index; None in all processes but the first.

    Raises:
        InputError: ``out`` exists and is not the result of the same run, the unfinished folder is
            that of another run, a picture cannot be read or the disk is full.
    """
    rank, _ = get_dist_info()
    made_of = {**made_of, 'rule': rule._asdict(), 'labels': labels_hash(scorer.index)}
    made_of['classes_cleaned'] = 'all' if cleaned.all() else np.flatnonzero(cleaned).tolist()
    if out.exists():
        return _finished(out, made_of)
    unfinished = out.with_name(f'.{out.name}.unfinished')
    count = -(-len(scorer.index) // block_images)
    with disk_errors(out, AGAIN):
        if rank > 0:
            barrier()
        blocks = Blocks(unfinished / 'blocks', {**made_of, 'block_images': block_images}, count)
        if rank == 0:
            barrier()
        score_blocks(blocks, scorer, rule, cleaned, block_images)
        barrier()
        if rank > 0:
            return None
        whole = unfinished / 'whole'
        shutil.rmtree(whole, ignore_errors=True)
        whole.mkdir()
        write_cleaned_set(source, blocks, block_images, rule, made_of, whole)
        os.replace(whole, out)
        shutil.rmtree(unfinished)
    return LabelIndex.open(out / 'index')


def _finished(out: Path, made_of: Dict[str, Any]) -> Optional[LabelIndex]:
    folder = out / 'index'
    if (folder / 'index.json').is_file():
        index = LabelIndex.open(folder)
        found = index.info.get('cleaned', {})
        if all(found.get(key) == value for key, value in made_of.items()):
            return index if get_dist_info()[0] == 0 else None
    raise InputError(f'{out}: is there already, from another run; name another folder with --out')


def score_blocks(
    blocks: Blocks, scorer: Scorer, rule: Rule, cleaned: np.ndarray, block_images: int
) -> None:
    """Computes the pairs of the blocks that are missing and are the work of this process.

    Args:
        blocks: of the images of the index, ``block_images`` in each.
        scorer: a model and the index.
        rule: which labels are added to the noisy ones.
        cleaned: (C,) bool, the classes to look at.
        block_images: images in a block.

    Raises:
        InputError: a picture cannot be read.
        OSError: a block cannot be written.
    """
    rank, world_size = get_dist_info()
    missing = blocks.missing(rank, world_size)
    spans = [
        slice(k * block_images, min((k + 1) * block_images, len(scorer.index))) for k in missing
    ]
    total = sum(span.stop - span.start for span in spans)
    batches = scorer(spans)
    with progress('cleaning', total=total, unit='images', wanted=rank == 0) as bar:
        for number, span in zip(missing, spans):
            parts = []
            for rows, scores in islice(batches, len([*scorer.batches([span])])):
                noisy = scorer.index.in_classes.take(np.arange(rows.start, rows.stop))
                pairs = pairs_of(noisy, scores, cleaned, rule)
                pairs['image'] += np.uint32(rows.start - span.start)
                parts.append(pairs)
                bar.update(rows.stop - rows.start)
            blocks.write(number, np.concatenate(parts))


def labels_hash(index: LabelIndex) -> str:
    """SHA-256 of the images, labels, confidences and verdicts of an index."""
    digest = hashlib.sha256()
    for array in (*index.image_ids.arrays(), *index.noisy, *index.verdicts):
        for start in range(0, len(array), _HASHED):
            digest.update(np.ascontiguousarray(array[start : start + _HASHED]).data)
    return digest.hexdigest()
