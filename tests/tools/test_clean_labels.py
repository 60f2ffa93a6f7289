"""The tool on a generated data set, against the model itself, killed and shared runs."""

import csv
import os
import re
import runpy
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import REPO, write_release
from made_index import make_data_set, remove_usable, save_model
from mmengine.config import Config
from mmengine.runner import load_checkpoint
from mmpretrain.registry import DATASETS, MODELS
from test_extract_features import CONFIG as PICTURES

from mmnoisy.cleaning.pairs import KINDS
from mmnoisy.datasets import LabelIndex
from mmnoisy.datasets.pictures.scan import scan_pictures
from mmnoisy.datasets.release.files import ReleaseFile
from mmnoisy.datasets.release.index_builder import build_index
from mmnoisy.datasets.release.layout import find_release
from mmnoisy.datasets.release.prepare import prepare
from mmnoisy.engine.sets import resolve

TOOL = str(REPO / 'tools/clean_labels.py')


def arguments(root, out, *more):
    files = [str(root / name) for name in ('config.py', 'model.pth')]
    return [*files, '--out', str(root / out), '--block-images', '16', *more]


def clean(*command):
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(sys, 'argv', [TOOL, *command])
        runpy.run_path(TOOL, run_name='__main__')


def rows_of(path):
    with open(path, newline='') as file:
        return list(csv.DictReader(file))


def assert_same_files(a, b):
    paths = sorted(path.relative_to(a) for path in a.rglob('*.*'))
    assert paths == sorted(path.relative_to(b) for path in b.rglob('*.*'))
    for path in paths:
        assert (a / path).read_bytes() == (b / path).read_bytes(), path


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('made')
    make_data_set(root)
    clean(*arguments(root, 'cleaned'))
    return root


def cleaned_values(root):
    """c of all pairs of T, by the model's own forward pass over all images at once."""
    cfg = resolve(Config.fromfile(root / 'config.py'))
    model = MODELS.build(cfg.model).eval()
    load_checkpoint(model, str(root / 'model.pth'), logger='silent')
    index = LabelIndex.open(root / 'index/train')
    noisy = np.zeros((len(index), 12), np.float32)
    image = np.repeat(np.arange(len(index)), np.diff(index.noisy.start))
    noisy[image, index.noisy.label] = 1
    features = np.load(root / 'features/train/features.npy')[:, 0].astype(np.float32)
    with torch.no_grad():
        feats = (torch.from_numpy(features),)
        return noisy, model.cleaning_head(feats, torch.from_numpy(noisy)).labels.numpy()


def test_labels_are_those_of_the_model(root):
    noisy, values = cleaned_values(root)
    near = np.abs(values - 0.5) < 1e-5  # sums in another order may fall on the other side
    assert not near.any()
    before, after = (LabelIndex.open(root / f) for f in ('index/train', 'cleaned/index'))
    np.testing.assert_array_equal(before.image_ids, after.image_ids)
    present = np.zeros_like(noisy)
    image = np.repeat(np.arange(len(after)), np.diff(after.noisy.start))
    present[image, after.noisy.label] = after.noisy.value
    np.testing.assert_array_equal(present > 0, values >= 0.5)
    confidence = np.zeros_like(noisy)
    confidence[np.nonzero(noisy)] = before.noisy.value
    stays = (noisy > 0) & (present > 0)
    assert 100 < stays.sum() < noisy.sum()
    assert (present[stays].view('u4') == confidence[stays].view('u4')).all()
    added = (noisy == 0) & (present > 0)
    assert added.sum() > 100
    np.testing.assert_allclose(present[added], values[added], atol=1e-5)


def test_tables_tell_the_same(root):
    before, after = (LabelIndex.open(root / f) for f in ('index/train', 'cleaned/index'))
    file = ReleaseFile(root / 'cleaned/train-annotations-machine-imagelabels.csv')
    images = ReleaseFile(root / 'cleaned/train-images.csv')
    again = build_index(dict(machine=file, images=images), before.info)
    np.testing.assert_array_equal(again.image_ids, after.image_ids)
    for one, other in zip(again.noisy, after.noisy):
        np.testing.assert_array_equal(one, other)

    changes = rows_of(root / 'cleaned/changes.csv')
    kinds = Counter(row['Kind'] for row in changes)
    assert kinds['kept'] + kinds['removed'] == len(before.noisy.label)
    assert kinds['kept'] + kinds['added'] == len(after.noisy.label)
    labels = {(r['ImageID'], r['LabelName']): r['Confidence'] for r in rows_of(file.path)}
    for row in changes:
        assert row['After'] == labels.get((row['ImageID'], row['LabelName']), '')
        assert (row['Before'] == '') == (row['Kind'] == 'added')
        assert row['Kind'] != 'kept' or row['Before'] == row['After']
        assert (float(row['Cleaned']) >= 0.5) == (row['Kind'] != 'removed')
    counts = rows_of(root / 'cleaned/counts.csv')
    assert [row['DisplayName'] for row in counts[1:]] == before.info['class_names']
    for row in counts:
        of_class = Counter(
            r['Kind'] for r in changes if row['LabelName'] in ('all', r['LabelName'])
        )
        wanted = [of_class['kept'] + of_class['removed'], *(of_class[k] for k in KINDS)]
        wanted.append(of_class['kept'] + of_class['added'])
        assert [int(value) for value in list(row.values())[2:]] == wanted


def test_the_result_trains_in_place_of_the_index(root):
    cfg = resolve(Config.fromfile(root / 'config.py'))
    dataset = DATASETS.build({**cfg.noisy_set, 'ann_file': str(root / 'cleaned/index')})
    after = LabelIndex.open(root / 'cleaned/index')
    labels = dataset.__getitems__([5])['data_samples']
    np.testing.assert_array_equal(labels.noisy.label, after.noisy.row(5)[0])


def test_options(root):
    _, values = cleaned_values(root)
    options = ['--classes', '/m/00003', '/m/00007', '--max-added-per-image', '1']
    clean(*arguments(root, 'some', *options, '--threshold', '0.2', '--batch-size', '7'))
    changes = rows_of(root / 'some/changes.csv')
    assert {r['LabelName'] for r in changes if r['Kind'] != 'kept'} == {'/m/00003', '/m/00007'}
    added = Counter(r['ImageID'] for r in changes if r['Kind'] == 'added')
    assert set(added.values()) == {1}
    clean(*arguments(root, 'soft', '--soft', '--max-added-per-image', '0'))
    soft = LabelIndex.open(root / 'soft/index').noisy
    image = np.repeat(np.arange(len(values)), np.diff(soft.start))
    np.testing.assert_allclose(soft.value, values[image, soft.label], atol=1e-5)


def test_images_without_a_picture_keep_their_labels(tmp_path):
    make_data_set(tmp_path, sizes=(50, 10, 10))
    gone = [0, 7, 8, 49]
    remove_usable(tmp_path, 'train', gone)
    options = [
        '--cfg-options',
        'noisy_set.features=features/train_usable',
    ]
    clean(*arguments(tmp_path, 'cleaned', *options, '--batch-size', '1'))
    before, after = (LabelIndex.open(tmp_path / f) for f in ('index/train', 'cleaned/index'))
    np.testing.assert_array_equal(before.usable, after.usable)
    same = [
        all(np.array_equal(a, b) for a, b in zip(before.noisy.row(i), after.noisy.row(i)))
        for i in range(50)
    ]
    assert all(same[i] for i in gone)
    assert sum(same) < 25


def test_pictures(tmp_path):
    """Each label as the model cleans it, shown its picture alone; one picture is known broken."""
    write_release(tmp_path, num_images=7)
    prepare(find_release(tmp_path), tmp_path / 'index')
    gone = sorted((tmp_path / 'train').iterdir())[3]
    gone.unlink()
    scan_pictures(tmp_path / 'index/train', str(tmp_path), ['{split}/{id}.jpg'])
    lines = [
        PICTURES.format(configs=REPO / 'configs', root=tmp_path),
        "model['cleaning_head'] = dict(type='LabelCleaningHead', num_classes=6, in_channels=64)",
    ]
    (tmp_path / 'config.py').write_text('\n'.join(lines))
    save_model(tmp_path / 'config.py', tmp_path / 'model.pth')
    clean(*arguments(tmp_path, 'cleaned', '--batch-size', '4'))

    cfg = resolve(Config.fromfile(tmp_path / 'config.py'))
    model = MODELS.build(cfg.model).eval()
    load_checkpoint(model, str(tmp_path / 'model.pth'), logger='silent')
    dataset = DATASETS.build({**cfg.noisy_set, 'pipeline': cfg.test_set.pipeline})
    wanted = {}
    for i in range(6):
        sample = dataset[i]
        batch = dict(inputs=sample['inputs'][None], data_samples=[sample['data_samples']])
        noisy = torch.zeros(1, 6)
        noisy[0, sample['data_samples'].noisy_label.astype(int)] = 1
        with torch.no_grad():
            feats = model.extract_feat(model.data_preprocessor(batch)['inputs'])
            values = model.cleaning_head(feats, noisy).labels[0]
        image_id = Path(sample['data_samples'].img_path).stem
        wanted.update({(image_id, f'/m/0{k:04d}'): float(v) for k, v in enumerate(values)})
    rows = rows_of(tmp_path / 'cleaned/changes.csv')
    assert len({row['ImageID'] for row in rows}) == 7
    for row in rows:
        if row['ImageID'] == gone.stem:
            assert (row['Kind'], row['Cleaned']) == ('kept', '')
        else:
            found = float(row['Cleaned'])
            assert found == pytest.approx(wanted[row['ImageID'], row['LabelName']], abs=2e-4)


KILLED = """
import os, runpy, signal, sys
from mmnoisy.cleaning.blocks import Blocks
from mmnoisy.cleaning.streams import NpyStream
victim, name = dict(blocks=(Blocks, 'write'), streams=(NpyStream, 'append'))[sys.argv[1]]
method, calls = getattr(victim, name), []
def killing(*args):
    calls.append(0)
    if len(calls) == 10:
        os.kill(os.getpid(), signal.SIGKILL)
    method(*args)
setattr(victim, name, killing)
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name='__main__')
"""


@pytest.mark.parametrize(('place', 'finished'), [('blocks', 9), ('streams', 19)])
def test_a_killed_run_goes_on_to_the_same_bits(root, capsys, place, finished):
    command = [sys.executable, '-c', KILLED, place, TOOL, *arguments(root, place)]
    assert subprocess.run(command, capture_output=True).returncode == -signal.SIGKILL
    assert not (root / place).exists()
    unfinished = root / f'.{place}.unfinished'
    assert len([*unfinished.glob('blocks/*.npy')]) == finished
    clean(*arguments(root, place))
    assert not unfinished.exists()
    assert_same_files(root / 'cleaned', root / place)
    made = (root / place / 'changes.csv').stat().st_mtime_ns
    clean(*arguments(root, place))
    assert (root / place / 'changes.csv').stat().st_mtime_ns == made
    assert '300 images' in capsys.readouterr().out


def test_two_processes_share_the_work(root):
    command = [sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc_per_node=2']
    threads = {'OMP_NUM_THREADS': str(torch.get_num_threads())}
    result = subprocess.run(
        [*command, TOOL, *arguments(root, 'shared')],
        capture_output=True,
        text=True,
        env={**os.environ, **threads},
    )
    assert result.returncode == 0, result.stderr
    assert_same_files(root / 'cleaned', root / 'shared')


def test_refusals(root, capsys, tmp_path):
    def refused(*command):
        with pytest.raises(SystemExit) as end:
            clean(*command)
        assert end.value.code == 2
        text = capsys.readouterr().err.strip().split('error: ')[-1]
        assert '\n' not in text
        return text

    def options(*more):
        return [*arguments(root, 'refused', *more)]

    for value in ('1.5', '-0.1', 'nan'):
        assert 'is outside [0, 1]' in refused(*options('--threshold', value))
    assert 'give 0 or more' in refused(*options('--max-added-per-image', '-1'))
    assert '/m/0x is not among the 12 classes' in refused(*options('--classes', '/m/0x'))
    assert 'there is no such file' in refused(*options('--classes', 'gone.txt'))
    cfg = '--cfg-options', 'model.cleaning_head=None'
    assert 'has no cleaning_head' in refused(*options(*cfg))
    config, out = str(root / 'config.py'), ['--out', str(root / 'refused')]
    assert 'there is no such checkpoint' in refused(config, 'gone.pth', *out)
    (tmp_path / 'text.pth').write_text('text')
    assert 'cannot be loaded as a checkpoint' in refused(config, str(tmp_path / 'text.pth'), *out)
    other = [f'/m/1{k:04d}' for k in range(12)]
    save_model(config, tmp_path / 'other.pth', other)
    assert 'trained with 12 classes that the dataset does not have' in refused(
        config, str(tmp_path / 'other.pth'), *out
    )
    torch.save({'head.fc.weight': torch.zeros(13, 8)}, tmp_path / 'wide.pth')
    assert 'lacks cleaning_head.hidden.bias' in refused(config, str(tmp_path / 'wide.pth'), *out)
    assert 'from another run' in refused(*arguments(root, 'cleaned', '--threshold', '0.6'))
    make_data_set(tmp_path / 'empty', sizes=(0, 1, 1))
    assert 'the index has no images' in refused(*arguments(tmp_path / 'empty', 'out'))
    assert not (root / 'refused').exists()


@pytest.mark.parametrize(('place', 'limit'), [('blocks', 20), ('streams', 60)])
def test_a_full_disk_leaves_nothing_under_the_final_name(root, tmp_path, place, limit):
    """Files may have so many kB: a block has 50, changes.csv more than 100."""
    command = arguments(root, tmp_path / 'out')
    command[command.index('--block-images') + 1] = '2048'
    shell = f'trap "" XFSZ; ulimit -f {limit}; exec "$@"'
    result = subprocess.run(
        ['bash', '-c', shell, '-', sys.executable, '-B', TOOL, *command],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 2, result.stderr
    assert re.search(r'out: cannot be written \(File too large\); make room', result.stderr)
    assert not (tmp_path / 'out').exists()
    blocks = (tmp_path / '.out.unfinished/blocks').glob('*.npy')
    assert len([*blocks]) == (1 if place == 'streams' else 0)
    clean(*command)
    assert_same_files(root / 'cleaned', tmp_path / 'out')


@pytest.mark.slow
def test_a_million_images_in_constant_memory(tmp_path):
    def peak(root, out, kill_at=None):
        """Highest private memory (MB) of a run, or None if it was killed half-way."""
        process = subprocess.Popen(
            [
                sys.executable,
                TOOL,
                *arguments(root, out, '--batch-size', '512', '--block-images', '2048'),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        blocks, highest = root / f'.{out}.unfinished/blocks', 0
        while process.poll() is None:
            with open(f'/proc/{process.pid}/status') as file:
                found = re.search(r'RssAnon:\s+(\d+)', file.read())
            highest = max(highest, int(found.group(1)) / 1024 if found else 0)
            if kill_at and len([*blocks.glob('*.npy')]) >= kill_at:
                process.kill()
                process.wait()
                return None
            time.sleep(0.02)
        assert process.returncode == 0, process.stderr.read()
        return highest

    small, large = tmp_path / 'small', tmp_path / 'large'
    for root, size in ((small, 50_000), (large, 1_000_000)):
        make_data_set(root, sizes=(size, 10, 10))
    assert peak(large, 'killed', kill_at=200) is None
    assert len([*large.glob('.killed.unfinished/blocks/*.npy')]) >= 200
    of_small, of_large = peak(small, 'cleaned'), peak(large, 'cleaned')
    print(f'{of_small:.0f} MB for 50,000 images, {of_large:.0f} MB for 1,000,000')
    assert of_large < of_small + 60
    peak(large, 'killed')
    assert_same_files(large / 'cleaned', large / 'killed')
