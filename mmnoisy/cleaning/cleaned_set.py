"""Writes a cleaned data set from the pairs of its blocks: index, CSV files, counts."""

from __future__ import annotations

import shutil
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Sequence, Tuple

import numpy as np

from mmnoisy.class_names import distinct_names
from mmnoisy.cleaning.accuracy import COLUMNS as ACCURACY_HEADER
from mmnoisy.cleaning.accuracy import Accuracy
from mmnoisy.cleaning.pairs import KINDS, Outcome, Rule, clip, decide
from mmnoisy.cleaning.streams import CsvStream, NpyStream, number_texts, quoted, save_by_blocks
from mmnoisy.datasets.csr import class_type
from mmnoisy.datasets.index_info import write_info
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.datasets.release.csv_blocks import LABEL_COLUMNS
from mmnoisy.io.atomic import write_csv
from mmnoisy.io.progress import progress
from mmnoisy.io.spreadsheet import as_text

CHANGE_HEADER = ('ImageID', 'LabelName', 'Before', 'After', 'Kind', 'Cleaned', 'Score')
COUNT_HEADER = ('LabelName', 'DisplayName', 'Before', *map(str.title, KINDS), 'After')


def write_cleaned_set(
    source: Path,
    blocks: Iterable[np.ndarray],
    block_images: int,
    rule: Rule,
    made_of: dict,
    out: Path,
) -> np.ndarray:
    """Writes the cleaned data set of an index, one block in memory at a time.

    .. code-block:: none

        out
        ├── index                                       a label index of the same images
        ├── SUBSET-annotations-machine-imagelabels.csv  its labels, as Open Images writes them
        ├── SUBSET-images.csv                           all images, also those without a label
        ├── changes.csv                                 every label before and after
        ├── counts.csv                                  by class, the first row of all of them
        └── accuracy.csv                                where the index has verdicts

    Args:
        source: the folder of the index.
        blocks: the pairs of each block, of type ``PAIR``, see :mod:`mmnoisy.cleaning.pairs`.
        block_images: images of a block; the last one may have fewer.
        rule: what becomes of the pairs.
        made_of: how the labels were cleaned, kept in the JSON of the index.
        out: an existing, empty folder.

    Returns:
        (C, 3) int64, how many labels of each class were kept, removed and added.

    Raises:
        OSError: a file cannot be written.
    """
    index = LabelIndex.open(source)
    counts = np.zeros((len(index.classes), len(KINDS)), np.int64)
    accuracy = Accuracy(len(index.classes))
    with ExitStack() as stack:
        writers = [
            stack.enter_context(closing(writer(out, index)))
            for writer in (_IndexWriter, _LabelWriter, _ChangeWriter)
        ]
        for images, pairs in progress(
            'writing',
            _with_images(blocks, block_images, len(index)),
            -(-len(index) // block_images),
            'blocks',
        ):
            outcome = decide(pairs, rule)
            for writer in writers:
                writer.append(images, pairs, outcome)
            np.add.at(counts, (pairs['label'], outcome.kind), 1)
            verdicts = index.verdicts.take(np.arange(images.start, images.stop))
            accuracy.add(pairs, outcome, verdicts)
    _finish_index(source, out / 'index', index, counts, made_of)
    write_csv(out / 'counts.csv', COUNT_HEADER, _count_rows(index, counts))
    if accuracy.rated.any():
        write_csv(out / 'accuracy.csv', ACCURACY_HEADER, accuracy.rows())
    return counts


class _IndexWriter:
    def __init__(self, out: Path, index: LabelIndex) -> None:
        folder = out / 'index'
        folder.mkdir()
        types: Tuple[Any, ...] = (np.int64, class_type(len(index.classes)), np.float32)
        self.streams = [
            NpyStream(folder / f'noisy_{name}.npy', dtype)
            for name, dtype in zip(index.noisy._fields, types)
        ]
        self.streams[0].append(np.zeros(1, np.int64))

    def append(self, images: slice, pairs: np.ndarray, outcome: Outcome) -> None:
        start, label, value = self.streams
        present = outcome.present
        count = np.bincount(pairs['image'][present], minlength=images.stop - images.start)
        start.append(label.length + np.cumsum(count))
        label.append(pairs['label'][present])
        value.append(outcome.after[present])

    def close(self) -> None:
        for stream in self.streams:
            stream.close()


class _LabelWriter:
    def __init__(self, out: Path, index: LabelIndex) -> None:
        subset = index.info['subset']
        self.index, self.mids = index, np.array(quoted(index.classes), object)
        self.labels = CsvStream(
            out / f'{subset}-annotations-machine-imagelabels.csv', LABEL_COLUMNS
        )
        self.images = CsvStream(out / f'{subset}-images.csv', LABEL_COLUMNS[:1])

    def append(self, images: slice, pairs: np.ndarray, outcome: Outcome) -> None:
        ids = quoted(self.index.image_ids[images])
        self.images.append([ids])
        present = outcome.present
        image = np.array(ids, object)[pairs['image'][present]]
        label = self.mids[pairs['label'][present]]
        value = number_texts(outcome.after[present])
        self.labels.append([image, ['machine'] * len(image), label, value])

    def close(self) -> None:
        self.labels.close()
        self.images.close()


class _ChangeWriter:
    def __init__(self, out: Path, index: LabelIndex) -> None:
        self.index, self.mids = index, np.array(quoted(map(as_text, index.classes)), object)
        self.stream = CsvStream(out / 'changes.csv', CHANGE_HEADER)

    def append(self, images: slice, pairs: np.ndarray, outcome: Outcome) -> None:
        ids = np.array(quoted(map(as_text, self.index.image_ids[images])), object)
        # Four digits are enough to look at; the values that count are in the other columns.
        shown = [number_texts(np.round(v, 4)) for v in (clip(pairs['raw']), pairs['score'])]
        self.stream.append(
            [
                ids[pairs['image']],
                self.mids[pairs['label']],
                number_texts(pairs['before']),
                number_texts(outcome.after),
                np.array(KINDS, object)[outcome.kind],
                *shown,
            ]
        )

    def close(self) -> None:
        self.stream.close()


def _with_images(
    blocks: Iterable[np.ndarray], block_images: int, num_images: int
) -> Iterator[Tuple[slice, np.ndarray]]:
    for number, pairs in enumerate(blocks):
        first = number * block_images
        yield slice(first, min(first + block_images, num_images)), pairs


def _finish_index(
    source: Path, folder: Path, index: LabelIndex, counts: np.ndarray, made_of: dict
) -> None:
    texts = index.texts()
    verdicts = {f'verdicts_{name}': array for name, array in index.verdicts._asdict().items()}
    usable = {} if index.usable is None else {'usable': index.usable}
    for name, array in {**texts, **verdicts, **usable}.items():
        save_by_blocks(folder / f'{name}.npy', array)
    if (source / 'pictures.npy').exists():  # what is known of them
        shutil.copyfile(source / 'pictures.npy', folder / 'pictures.npy')
    kept, removed, added = counts.sum(0).tolist()
    shapes: Dict[str, List[int]] = dict(index.info['shapes'])
    shapes.pop('image_ids', None)
    shapes.update({name: list(array.shape) for name, array in texts.items()})
    shapes.update(noisy_label=[kept + added], noisy_value=[kept + added])
    cleaned = dict(made_of, kept=kept, removed=removed, added=added)
    info = {key: value for key, value in index.info.items() if key != 'noisy_classes'}
    write_info(folder, shapes, {**info, 'cleaned': cleaned})


def _count_rows(index: LabelIndex, counts: np.ndarray) -> List[Sequence[Any]]:
    names = distinct_names(index.classes, index.info['class_names'])
    heads = [('all', 'all'), *zip(index.classes, names)]
    rows: List[Sequence[Any]] = []
    for head, (kept, removed, added) in zip(heads, [counts.sum(0).tolist(), *counts.tolist()]):
        rows.append((*head, kept + removed, kept, removed, added, kept + added))
    return rows
