"""Label files prepared one by one into parts of an index, against all of them in one file."""

import numpy as np
from conftest import mid, write_csv
from small_classifier import refused, run

from mmnoisy.datasets import SUBSETS, LabelIndex

TOOL = 'prepare_openimages.py'
HEADER = ['ImageID', 'Source', 'LabelName', 'Confidence']
SIZES = (7, 1, 12)


def rows(first, count, source):
    """Two labels of each image, now and then the same one twice."""
    rng = np.random.default_rng(first)
    values = [0, 1] if source == 'verification' else np.linspace(0.1, 1, 10)
    return [
        [f'{image:016x}', source, mid(rng.integers(5)), f'{rng.choice(values):g}']
        for image in range(first, first + count)
        for _ in range(2)
    ]


def prepare(root, train, out):
    files = [f'train={train}', f'validation={root / "v.csv"}']
    given = ['--machine', *files, '--human', f'validation={root / "verdicts.csv"}']
    run(TOOL, root, '--classes', root / 'classes.txt', *given, '--out', out)


def test_parts_are_the_whole(tmp_path):
    (tmp_path / 'classes.txt').write_text(''.join(f'{mid(k)}\n' for k in range(5)))
    write_csv(tmp_path / 'v.csv', [HEADER, *rows(1000, 20, 'machine')])
    write_csv(tmp_path / 'verdicts.csv', [HEADER, *rows(1000, 20, 'verification')])
    begins = np.cumsum((0, *SIZES))
    parts = [rows(first, count, 'machine') for first, count in zip(begins, SIZES)]
    write_csv(tmp_path / 'all.csv', [HEADER, *(row for part in parts for row in part)])
    prepare(tmp_path, tmp_path / 'all.csv', tmp_path / 'whole')
    for k, part in enumerate(parts):
        write_csv(tmp_path / f'{k}.csv', [HEADER, *part])
        prepare(tmp_path, tmp_path / f'{k}.csv', tmp_path / f'parts/{k}')
    (tmp_path / 'index/train').mkdir(parents=True)
    for k in range(len(parts)):
        (tmp_path / f'parts/{k}/train').rename(tmp_path / f'index/train/{k:03}')
    for k, name in ((2, 'validation'), (0, 'test')):  # whichever
        (tmp_path / f'parts/{k}/{name}').rename(tmp_path / 'index' / name)
    for subset in SUBSETS:
        whole, joined = (LabelIndex.open(tmp_path / name / subset) for name in ('whole', 'index'))
        assert len(whole) and whole.classes == joined.classes
        for name, array in whole.arrays().items():
            np.testing.assert_array_equal(array, joined.arrays()[name], name)


def test_a_second_file_of_one_kind_is_refused(tmp_path, capsys):
    line = refused(capsys, TOOL, tmp_path, '--machine', 'train=a.csv', 'train=b.csv')
    assert '--machine train=b.csv: train has a.csv already; join the files, or prepare' in line
