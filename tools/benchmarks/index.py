"""The label index of a file like V1's: building it and looking labels up.

Writes a label file with the shape of Open Images V1, 79.2 million rows of 9.01 million images, or
a part of it. Building the index is compared with what Polars and DuckDB need merely to scan the
file into typed columns; looking up with MMPretrain's MultiLabelDataset. Every measurement has a
process of its own, so that its peak of memory is its own.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import tempfile
import time
from argparse import ArgumentParser, Namespace
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any, Callable, Dict, List, Tuple

import numpy as np
from mmpretrain.datasets import MultiLabelDataset

from benchmarks.timing import result
from mmnoisy.datasets import LabelIndex, OpenImages
from mmnoisy.datasets.release.files import ReleaseFile
from mmnoisy.datasets.release.index_builder import build_index
from mmnoisy.errors import InputError

V1_IMAGES, V1_LABELS_PER_IMAGE = 9_011_219, 8.7886
V1_CLASSES, LISTED_CLASSES = 7_881, 6_012
GOAL = 1.25
OPENINGS, LOOKUPS, CHUNK = 20, 200_000, 100_000

MID_LETTERS = list('0123456789bcdfghjklmnpqrstvwxyz_')
CONFIDENCES = np.array(['0.5', '0.6', '0.7', '0.8', '0.9', '1.0'])


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the options of this benchmark."""
    parser.add_argument('--share', type=float, default=0.1, help="of V1's images, default 0.1")
    parser.add_argument('--repeats', type=int, default=3, help='of building, default 3')
    parser.add_argument(
        '--others', type=int, default=100_000, help='images for MultiLabelDataset, default 100,000'
    )
    parser.add_argument('--folder', type=Path, help='for the files, some 0.8 GB at a tenth')


def run(args: Namespace) -> dict:
    """Times building, opening and looking up.

    Raises:
        InputError: an option is out of range, or Polars or DuckDB is missing.
    """
    if not 0 < args.share <= 1 or args.repeats < 1 or args.others < 1:
        raise InputError(
            f'--share {args.share} --repeats {args.repeats} --others {args.others}: '
            'give a share in (0, 1] and whole numbers of at least 1'
        )
    try:
        import duckdb  # noqa: F401
        import polars  # noqa: F401
    except ImportError as error:
        raise InputError(f"{error}; pip install 'mmnoisy[bench]' brings it") from error
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        folder = Path(name)
        mids = write_labels(folder / 'labels.csv', round(args.share * V1_IMAGES))
        scans: Dict[str, List[Tuple]] = {'ours': [], 'polars': [], 'duckdb': []}
        for k in range(args.repeats):
            scans['ours'].append(_alone(_build, folder, mids[:LISTED_CLASSES], k))
            scans['polars'].append(_alone(_scan_with_polars, folder))
            scans['duckdb'].append(_alone(_scan_with_duckdb, folder))
        seconds = {name: median(taken for taken, *_ in runs) for name, runs in scans.items()}
        peaks = {name: max(peak for _, peak, _ in runs) for name, runs in scans.items()}
        num_rows = scans['ours'][0][2]
        lookups = _alone(_look_up, folder)[2]
        others = _alone(_look_up_in_multi_label, folder, min(args.others, lookups['images']))[2]
    return result(
        'index',
        seconds['ours'],
        min(seconds['polars'], seconds['duckdb']),
        GOAL,
        polars_seconds=seconds['polars'],
        duckdb_seconds=seconds['duckdb'],
        rows=num_rows,
        rows_per_second=num_rows / seconds['ours'],
        ours_peak_mb=peaks['ours'],
        polars_peak_mb=peaks['polars'],
        duckdb_peak_mb=peaks['duckdb'],
        repeats=args.repeats,
        **lookups,
        **{f'multi_label_{key}': value for key, value in others.items()},
    )


def write_labels(path: Path, num_images: int) -> List[str]:
    """Writes machine labels: sorted ids, classes by Zipf's law, confidences as in V1.

    Returns:
        The classes, the most frequent first.
    """
    rng = np.random.default_rng(0)
    mids = sorted({'/m/' + ''.join(rng.choice(MID_LETTERS, 5)) for _ in range(2 * V1_CLASSES)})
    mids = rng.permutation(mids)[:V1_CLASSES].tolist()
    weight = 1 / np.arange(10, 10 + V1_CLASSES)
    cumulated = np.cumsum(weight / weight.sum())
    names = np.array([f'machine,{mid}' for mid in mids])
    image_ids = np.unique(rng.integers(2**64, size=num_images, dtype=np.uint64))
    with open(path, 'w') as file:
        file.write('ImageID,Source,LabelName,Confidence\n')
        for first in range(0, num_images, CHUNK):
            some = image_ids[first : first + CHUNK].tolist()
            count = rng.poisson(V1_LABELS_PER_IMAGE, len(some))
            label = np.searchsorted(cumulated, rng.random(count.sum())).clip(max=V1_CLASSES - 1)
            # Within an image by falling confidence, as in V1.
            image = np.repeat(np.arange(len(some)), count)
            confidence = rng.integers(len(CONFIDENCES), size=len(label))
            confidence = confidence[np.lexsort((-confidence, image))]
            ids = np.repeat([f'{image_id:016x}' for image_id in some], count)
            columns = zip(ids.tolist(), names[label].tolist(), CONFIDENCES[confidence].tolist())
            file.writelines(f'{",".join(row)}\n' for row in columns)
    return mids


def _alone(function: Callable, *args: Any) -> Tuple[float, float, Any]:
    """Seconds, peak memory in MB and result of a function in a new process."""
    with ProcessPoolExecutor(1, multiprocessing.get_context('spawn')) as pool:
        return pool.submit(_measured, function, args).result()


def _measured(function: Callable, args: Tuple) -> Tuple[float, float, Any]:
    start = time.perf_counter()
    value = function(*args)
    seconds = time.perf_counter() - start
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000, value


def _build(folder: Path, classes: List[str], number: int) -> int:
    info = {'classes': classes, 'class_names': classes, 'class_categories': [], 'subset': 'train'}
    index = build_index({'machine': ReleaseFile(folder / 'labels.csv')}, info)
    index.write(folder / f'index{number}')
    return index.info['files'][0]['rows']


def _scan_with_polars(folder: Path) -> None:
    import polars as pl

    types = {
        'ImageID': pl.String,
        'Source': pl.Categorical,
        'LabelName': pl.Categorical,
        'Confidence': pl.Float32,
    }
    pl.scan_csv(folder / 'labels.csv', schema=types).collect()


def _scan_with_duckdb(folder: Path) -> None:
    import duckdb

    types = {'ImageID': 'VARCHAR', 'Source': 'VARCHAR', 'LabelName': 'VARCHAR'}
    types['Confidence'] = 'FLOAT'
    duckdb.read_csv(str(folder / 'labels.csv'), columns=types, header=True).create('labels')


def _look_up(folder: Path) -> Dict[str, float]:
    """Opening, one sample's labels, and what a worker's epoch of look-ups takes of memory."""
    taken = []
    for _ in range(OPENINGS):
        start = time.perf_counter()
        index = LabelIndex.open(folder / 'index0')
        taken.append(time.perf_counter() - start)
    (folder / f'{index.image_ids[0]}.jpg').touch()
    dataset = OpenImages('index0', data_root=str(folder))
    rows = np.random.default_rng(0).integers(len(index), size=LOOKUPS).tolist()
    start = time.perf_counter()
    for row in rows:
        index.noisy.row(row), index.verdicts.row(row)
    labels = (time.perf_counter() - start) / LOOKUPS
    return {
        'images': len(index),
        'open_ms': 1000 * median(taken),
        'first_open_ms': 1000 * taken[0],
        'labels_of_a_sample_us': 1e6 * labels,
        'sample_us': 1e6 * _seconds_per_sample(dataset, rows),
        'worker_private_mb': _private_mb_of_an_epoch(dataset, len(dataset)),
    }


def _look_up_in_multi_label(folder: Path, num_images: int) -> Dict[str, float]:
    index = LabelIndex.open(folder / 'index0')
    samples = [
        {
            'img_path': f'{index.image_ids[i]}.jpg',
            'gt_label': index.noisy.row(i)[0].tolist(),
        }
        for i in range(num_images)
    ]
    annotations = folder / 'annotations.json'
    annotations.write_text(
        json.dumps({'metainfo': {'classes': index.classes}, 'data_list': samples})
    )
    del samples
    start = time.perf_counter()
    dataset = MultiLabelDataset(str(annotations))
    seconds = time.perf_counter() - start
    rows = np.random.default_rng(0).integers(num_images, size=LOOKUPS).tolist()
    return {
        'images': num_images,
        'open_ms': 1000 * seconds,
        'sample_us': 1e6 * _seconds_per_sample(dataset, rows),
        'worker_private_mb': _private_mb_of_an_epoch(dataset, num_images),
    }


def _seconds_per_sample(dataset: Any, rows: List[int]) -> float:
    start = time.perf_counter()
    for row in rows:
        dataset.get_data_info(row)
    return (time.perf_counter() - start) / len(rows)


def _private_mb_of_an_epoch(dataset: Any, number: int) -> float:
    """Memory that a forked worker does not share any more after an epoch in random order."""
    context = multiprocessing.get_context('fork')
    queue = context.SimpleQueue()
    worker = context.Process(target=_epoch, args=(dataset, number, queue))
    worker.start()
    grown = queue.get()
    worker.join()
    return grown


def _epoch(dataset: Any, number: int, queue: Any) -> None:
    # Beforehand, since it is the sampler's and not the worker's.
    order = np.random.default_rng(0).permutation(number)
    before = _private_mb()
    for row in order:
        dataset.get_data_info(int(row))
    queue.put(_private_mb() - before)


def _private_mb() -> float:
    lines = Path('/proc/self/smaps_rollup').read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith('Private')) / 1024
