import pickle

import numpy as np
import pytest
from conftest import mid, write_release
from mmengine.dataset import ConcatDataset
from mmpretrain.registry import DATASETS

from mmnoisy import InputError
from mmnoisy.datasets import OpenImages
from mmnoisy.datasets.release import prepare
from mmnoisy.datasets.release_layout import find_release

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
            data_prefix=subset,
            **kwargs,
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
    dataset = build(root, 'train', pipeline=PIPELINE)
    paths = [root / 'train' / dataset.get_data_info(i)['img_path'] for i in (3, 4)]
    paths[0].unlink()
    paths[1].write_text('<html>404</html>')
    for i in (3, 4):
        with pytest.raises(InputError, match=r'\.jpg: cannot be read as a picture'):
            dataset[i]
    (root / 'train').rename(root / 'elsewhere')
    with pytest.raises(InputError, match=r'\.jpg: the first picture of .* is missing; set data_'):
        build(root, 'train')
