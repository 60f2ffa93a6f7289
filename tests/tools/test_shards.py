"""Shares that know nothing of one another, indexes of several folders, shards as Parquet."""

import numpy as np
import pyarrow.dataset as ds
import pytest
import torch
from made_index import cleaning_arguments, make_data_set
from small_classifier import refused, run

from mmnoisy.cleaning.pairs import KINDS
from mmnoisy.datasets import FeatureBank, LabelIndex
from mmnoisy.datasets.sources.reading import read_labels

CUTS = (0, 100, 130, 300)


def same_files(a, b):
    files = [{p.relative_to(one): p.read_bytes() for p in one.rglob('*.*')} for one in (a, b)]
    return files[0] == files[1]


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """A data set, cleaned; its T a second time, in three folders."""
    root = tmp_path_factory.mktemp('made')
    make_data_set(root)
    index = LabelIndex.open(root / 'index/train')
    bank = FeatureBank.open(root / 'features/train')
    for k, (first, end) in enumerate(zip(CUTS, CUTS[1:])):
        rows = np.arange(first, end)
        index.select(np.isin(np.arange(300), rows)).write(root / f'index/parts/{k}')
        part = FeatureBank.create(root / f'features/parts/{k}', bank.image_ids[rows], 1, 8, {})
        part.write(rows - first, bank.features[rows].astype(np.float32))
    run('clean_labels.py', *cleaning_arguments(root, 'cleaned'))
    return root


PARTS = ['--cfg-options', 'noisy_set.ann_file=index/parts', 'noisy_set.features=features/parts']


def test_shares_in_any_order(root, capsys):
    command = cleaning_arguments(root, 'shared')
    for share in ('2/3', '0/3'):
        run('clean_labels.py', *command, '--shards', share)
        assert f'shared: shards {share} are finished; without' in capsys.readouterr().out
    shards = root / '.shared.unfinished/shards'
    made = {path.name: path.stat().st_mtime_ns for path in shards.glob('*.parquet')}
    assert sorted(made) == [f'{k:06d}.parquet' for k in range(19) if k % 3 != 1]
    run('clean_labels.py', *command, '--shards', '0/3')
    assert {name: (shards / name).stat().st_mtime_ns for name in made} == made
    run('clean_labels.py', *command)  # computes the rest itself
    assert same_files(root / 'cleaned', root / 'shared')
    assert not shards.exists()


def test_shares_of_another_run_are_refused(root, capsys):
    command = cleaning_arguments(root, 'other', '--shards', '0/3')
    run('clean_labels.py', *command)
    for more, what in (
        (['--threshold', '0.4'], 'rule'),
        (['--shard-images', '8'], 'shard_images, shards)'),
    ):
        line = refused(capsys, 'clean_labels.py', *command, *more)
        assert f'holds the beginnings of another run (other {what}' in line
    for share in ('3/3', 'a', '-1/3'):
        line = refused(capsys, 'clean_labels.py', *command[:-2], f'--shards={share}')
        assert f'--shards {share}: is no share; give 0/4, 1/4' in line
    line = refused(capsys, 'clean_labels.py', *command, '--ray')
    assert '--shards, --ray and torchrun: each shares the work; give one' in line


def test_an_index_of_several_folders_is_cleaned_as_one(root):
    run('clean_labels.py', *cleaning_arguments(root, 'of_parts', *PARTS))
    assert same_files(root / 'cleaned', root / 'of_parts')


def test_it_is_trained_on_as_one(root, monkeypatch):
    weights = []
    for name, more in (('one', []), ('several', PARTS)):
        run('train.py', root / 'config.py', '--work-dir', root / name, *more)
        weights.append(torch.load(root / name / 'epoch_1.pth', weights_only=False)['state_dict'])
    for key, values in weights[0].items():
        assert torch.equal(values, weights[1][key]), key


def test_statistics_and_review_of_it(root):
    outs = [root / f'statistics_{name}' for name in ('train', 'parts')]
    for out, name in zip(outs, ('train', 'parts')):
        run('dataset_stats.py', root / 'index' / name, '--out', out)
    assert [path.name for path in sorted(outs[0].rglob('*.csv'))]
    for path in outs[0].rglob('*.csv'):
        assert path.read_bytes() == (outs[1] / path.relative_to(outs[0])).read_bytes()
    for name, more in (('review', []), ('review_of_parts', PARTS)):
        files = [root / 'config.py', root / 'model.pth']
        run('review_queue.py', *files, '--out', root / name, '--folds', '2', *more)
    for name in ('review.csv', 'verdicts.csv', 'quality.csv'):
        pair = [(root / folder / name).read_bytes() for folder in ('review', 'review_of_parts')]
        assert pair[0] == pair[1]


def test_cleaned_labels_as_parquet(root, capsys):
    command = cleaning_arguments(root, 'parquet', '--parquet')
    run('clean_labels.py', *command)
    assert 'parquet: all shards are finished' in capsys.readouterr().out
    table = ds.dataset(root / 'parquet', format='parquet').to_table()
    after = table.filter(ds.field('kind') != 'removed')
    index = LabelIndex.open(root / 'cleaned/index')
    image = np.repeat(np.arange(300), np.diff(index.noisy.start))
    assert after['image_id'].to_pylist() == index.image_ids[image].tolist()
    assert after['label'].to_pylist() == [index.classes[k] for k in index.noisy.label]
    np.testing.assert_array_equal(after['confidence'], index.noisy.value)
    read = read_labels(root / 'parquet')
    assert (len(read.value), read.account.dropped) == (len(after), {'no confidence given': 102})
    np.testing.assert_array_equal(np.sort(read.value), np.sort(index.noisy.value))
    counts = index.info['cleaned']
    kinds = table['kind'].to_pylist()
    assert [kinds.count(kind) for kind in KINDS] == [counts[kind] for kind in KINDS]
