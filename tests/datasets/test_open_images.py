import pickle
import shutil

import numpy as np
import pytest
from conftest import mid, write_release
from mmcv.transforms import BaseTransform
from mmengine.dataset import ConcatDataset
from mmpretrain.registry import DATASETS, TRANSFORMS
from torch.utils.data import DataLoader

from mmnoisy import InputError
from mmnoisy.datasets import OpenImages
from mmnoisy.datasets.pictures.scan import scan_pictures
from mmnoisy.datasets.release.layout import find_release
from mmnoisy.datasets.release.prepare import prepare

PIPELINE = [
    dict(type='LoadImageFromFile'),
    dict(type='PackInputs', algorithm_keys=OpenImages.LABEL_KEYS),
]


@pytest.fixture
def release(tmp_path):
    written = write_release(tmp_path)
    prepare(find_release(tmp_path), tmp_path / 'index')
    return tmp_path, written


def build(root, subset, **kwargs):
    return DATASETS.build(
        dict(
            type='mmpretrain.OpenImages',
            data_root=str(root),
            ann_file=f'index/{subset}',
            **{'data_prefix': subset, **kwargs},
        )
    )


def test_samples_carry_what_was_written(release):
    root, written = release
    dataset = build(root, 'validation', pipeline=PIPELINE)
    assert len(dataset) == 8
    assert dataset.metainfo['classes'] == tuple(mid(k) for k in range(6))
    for i in range(len(dataset)):
        sample = dataset[i]['data_samples']
        noisy, present, absent = written['validation'][sample.img_path[-20:-4]]
        assert set(sample.noisy_label) == noisy
        assert set(sample.verified_pos) == present
        assert set(sample.verified_neg) == absent
        np.testing.assert_array_equal(sample.noisy_score, np.float32([0.7] * len(noisy)))
        assert dataset[i]['inputs'].shape == (3, 40, 48)


def test_subsets_concatenation_and_pickling(release):
    root, _ = release
    whole = build(root, 'train')
    some = build(root, 'train', indices=[5, 2])
    assert [some.get_data_info(i)['img_path'] for i in range(2)] == [
        whole.get_data_info(i)['img_path'] for i in (5, 2)
    ]
    assert len(build(root, 'train', indices=3)) == 3
    assert len(whole.get_subset(4)) == 4
    both = ConcatDataset([whole, build(root, 'validation')])
    assert len(both) == 16
    copy = pickle.loads(pickle.dumps(whole))
    assert copy.get_data_info(7)['img_path'] == whole.get_data_info(7)['img_path']


def test_missing_index_and_pictures(release):
    root, _ = release
    with pytest.raises(InputError, match='index/nowhere: there is no label index here'):
        build(root, 'nowhere')
    (root / 'train').rename(root / 'elsewhere')
    with pytest.raises(InputError, match=r'\.jpg: the first picture of .* is missing; set data_'):
        build(root, 'train')


@pytest.mark.parametrize('loader', ['LoadImageFromFile', 'LoadPicture'])
def test_the_next_picture_stands_in_up_to_a_limit(release, loader):
    root, written = release
    pipeline = [dict(type=loader), PIPELINE[1]]
    dataset = build(root, 'train', pipeline=pipeline, max_unreadable=3)
    paths = [root / 'train' / dataset.get_data_info(i)['img_path'] for i in (6, 7)]
    paths[0].unlink()
    paths[1].write_text('<html>404</html>')
    assert dataset[6]['data_samples'].img_path == dataset.get_data_info(0)['img_path']
    assert (
        set(dataset[7]['data_samples'].noisy_label)
        == written['train'][dataset[0]['data_samples'].img_path[-20:-4]][0]
    )
    with pytest.raises(InputError, match=r'cannot be read as a picture.* nor can 3 others'):
        dataset[6]


@TRANSFORMS.register_module(force=True)
class Failing(BaseTransform):
    """A transform with a fault of its own."""

    def __init__(self, error):
        self.error = error

    def transform(self, results):
        raise self.error


@pytest.mark.parametrize('loader', ['LoadImageFromFile', 'LoadPicture'])
@pytest.mark.parametrize('error', [AssertionError('a bug'), OSError('no such mask')])
def test_errors_of_other_transforms_are_no_unreadable_pictures(release, loader, error):
    root, _ = release
    pipeline = [dict(type=loader), dict(type='Failing', error=error)]
    dataset = build(root, 'train', pipeline=pipeline)
    with pytest.raises(type(error), match=str(error)):
        dataset[0]


@pytest.mark.parametrize('loader', ['LoadImageFromFile', 'LoadPicture'])
def test_an_empty_file_is_called_so(release, loader):
    root, _ = release
    dataset = build(root, 'train', pipeline=[dict(type=loader), PIPELINE[1]], max_unreadable=0)
    path = root / 'train' / dataset.get_data_info(3)['img_path']
    path.write_bytes(b'')
    with pytest.raises(InputError, match=f'{path}: cannot be read as a picture: the file is empty'):
        dataset[3]


def test_a_picture_that_mmcv_gives_as_none_counts_as_unreadable(release, monkeypatch):
    """Its loader says so by an assertion, and by no word under python -O."""
    root, _ = release
    dataset = build(root, 'train', pipeline=PIPELINE, max_unreadable=0)
    monkeypatch.setattr('mmcv.imfrombytes', lambda *_, **__: None)
    with pytest.raises(InputError, match='cannot be read as a picture'):
        dataset[0]


def test_a_stand_in_counts_for_no_score(release):
    root, _ = release
    dataset = build(root, 'test', pipeline=PIPELINE, test_mode=True)
    (root / 'test' / dataset.get_data_info(1)['img_path']).unlink()
    sample = dataset[1]['data_samples']
    assert sample.img_path == dataset.get_data_info(2)['img_path']
    assert len(dataset[2]['data_samples'].verified_pos) + len(
        dataset[2]['data_samples'].verified_neg
    )
    assert len(sample.verified_pos) == len(sample.verified_neg) == 0


def test_unreadable_pictures_are_counted_over_all_workers(release):
    root, _ = release
    dataset = build(root, 'train', pipeline=PIPELINE, max_unreadable=6)
    for i in range(1, 8):
        (root / 'train' / dataset.get_data_info(i)['img_path']).unlink()
    loader = DataLoader(dataset, num_workers=2, collate_fn=list)
    with pytest.raises(InputError, match=r'nor can [67] others'):
        list(loader)


def test_path_templates(release):
    root, _ = release
    names = [path.name for path in sorted((root / 'validation').iterdir())]
    for name in names[:4]:
        (root / 'test' / name[:2]).mkdir(exist_ok=True)
        (root / 'validation' / name).rename(root / 'test' / name[:2] / name)
    dataset = build(
        root,
        'validation',
        data_prefix='',
        path_template=['{split}/{id}.jpg', 'test/{id:.2}/{id}.jpg'],
        pipeline=PIPELINE,
    )
    assert [dataset[i]['data_samples'].img_path[-20:] for i in range(8)] == names
    with pytest.raises(InputError, match='is no field of a path template'):
        build(root, 'train', path_template='{id.__class__}')


def test_checked_pictures_are_the_samples(release):
    root, _ = release
    names = sorted((root / 'train').iterdir())
    names[2].unlink()
    names[5].write_bytes(b'')
    assert len(build(root, 'train')) == 8
    scan_pictures(root / 'index/train', str(root), ['{split}/{id}.jpg'])
    dataset = build(root, 'train', pipeline=PIPELINE)
    left = [str(path) for k, path in enumerate(names) if k not in (2, 5)]
    assert [dataset[i]['data_samples'].img_path for i in range(len(dataset))] == left
    assert [build(root, 'train', indices=[4, 0]).get_data_info(0)['img_path']] == left[4:5]
    for name in names:
        name.unlink(missing_ok=True)
    shutil.rmtree(root / 'index')
    prepare(find_release(root), root / 'index')
    scan_pictures(root / 'index/train', str(root), ['{split}/{id}.jpg'])
    with pytest.raises(InputError, match='no picture of the index can be read'):
        build(root, 'train')
