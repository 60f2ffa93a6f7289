"""The tool on a generated data set, against the model itself."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import REPO, read_rows, write_release
from made_index import cleaning_arguments, make_data_set, remove_usable, save_model
from mmengine.config import Config
from mmengine.runner import load_checkpoint
from mmpretrain.registry import DATASETS, MODELS
from small_classifier import run
from test_extract_features import CONFIG as PICTURES

from mmnoisy.cleaning.pairs import KINDS
from mmnoisy.datasets import LabelIndex
from mmnoisy.datasets.pictures.scan import scan_pictures
from mmnoisy.datasets.release.files import ReleaseFile
from mmnoisy.datasets.release.index_builder import build_index
from mmnoisy.datasets.release.layout import find_release
from mmnoisy.datasets.release.prepare import prepare
from mmnoisy.engine.sets import resolve


def clean(*command):
    run('clean_labels.py', *command)


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('made')
    make_data_set(root)
    clean(*cleaning_arguments(root, 'cleaned'))
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

    changes = read_rows(root / 'cleaned/changes.csv')
    kinds = Counter(row['Kind'] for row in changes)
    assert kinds['kept'] + kinds['removed'] == len(before.noisy.label)
    assert kinds['kept'] + kinds['added'] == len(after.noisy.label)
    labels = {(r['ImageID'], r['LabelName']): r['Confidence'] for r in read_rows(file.path)}
    for row in changes:
        assert row['After'] == labels.get((row['ImageID'], row['LabelName']), '')
        assert (row['Before'] == '') == (row['Kind'] == 'added')
        assert row['Kind'] != 'kept' or row['Before'] == row['After']
        assert (float(row['Cleaned']) >= 0.5) == (row['Kind'] != 'removed')
    counts = read_rows(root / 'cleaned/counts.csv')
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
    clean(*cleaning_arguments(root, 'some', *options, '--threshold', '0.2', '--batch-size', '7'))
    changes = read_rows(root / 'some/changes.csv')
    assert {r['LabelName'] for r in changes if r['Kind'] != 'kept'} == {'/m/00003', '/m/00007'}
    added = Counter(r['ImageID'] for r in changes if r['Kind'] == 'added')
    assert set(added.values()) == {1}
    clean(*cleaning_arguments(root, 'soft', '--soft', '--max-added-per-image', '0'))
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
    clean(*cleaning_arguments(tmp_path, 'cleaned', *options, '--batch-size', '1'))
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
    clean(*cleaning_arguments(tmp_path, 'cleaned', '--batch-size', '4'))

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
    rows = read_rows(tmp_path / 'cleaned/changes.csv')
    assert len({row['ImageID'] for row in rows}) == 7
    for row in rows:
        if row['ImageID'] == gone.stem:
            assert (row['Kind'], row['Cleaned']) == ('kept', '')
        else:
            found = float(row['Cleaned'])
            assert found == pytest.approx(wanted[row['ImageID'], row['LabelName']], abs=2e-4)


def test_refusals(root, capsys, tmp_path):
    def refused(*command):
        with pytest.raises(SystemExit) as end:
            clean(*command)
        assert end.value.code == 2
        text = capsys.readouterr().err.strip().split('error: ')[-1]
        assert '\n' not in text
        return text

    def options(*more):
        return [*cleaning_arguments(root, 'refused', *more)]

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
    assert 'from another run' in refused(*cleaning_arguments(root, 'cleaned', '--threshold', '0.6'))
    make_data_set(tmp_path / 'empty', sizes=(0, 1, 1))
    assert 'the index has no images' in refused(*cleaning_arguments(tmp_path / 'empty', 'out'))
    assert not (root / 'refused').exists()
