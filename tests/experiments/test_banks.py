import json
import shutil

import numpy as np
import pytest
from conftest import write_csv
from made_index import make_data_set, make_labels
from mmnoisy.experiments.banks import Banks
from mmnoisy.experiments.bounds import prepare_bounds

from mmnoisy import InputError
from mmnoisy.datasets import FeatureBank, LabelIndex
from mmnoisy.datasets.release.files import ReleaseFile


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp('made')
    make_data_set(root)
    return root


@pytest.fixture
def root(made, tmp_path):
    return shutil.copytree(made, tmp_path / 'data')


def open_banks(root):
    return Banks(root / 'index', root / 'features')


def test_subsets_of_v_are_nested_and_seeded(root):
    banks = open_banks(root)
    small, large = banks.subset(10, 3), banks.subset(25, 3)
    assert set(small) < set(large) and len(small) == 10
    assert np.array_equal(small, np.unique(small))
    assert not np.array_equal(small, banks.subset(10, 4))
    assert np.array_equal(banks.subset(60, 3), np.arange(60))


def test_a_mix_is_t_and_the_chosen_rows_of_v(root):
    banks, chosen = open_banks(root), np.array([2, 5, 40])
    batch = banks.mix(('T', 'V'), chosen).__getitems__([7, 300, 301, 302])
    wanted = [banks.source('T').banks[0].features[7, 0]]
    wanted += list(banks.source('V').banks[0].features[chosen, 0])
    assert np.array_equal(batch['inputs'].numpy(), np.stack(wanted))
    verdicts = LabelIndex.open(root / 'index/validation').verdicts
    for sample, row in zip(list(batch['data_samples'])[1:], chosen):
        label, present = verdicts.row(row)
        assert sample['verified_pos'].tolist() == label[present].tolist()
    held = banks.held_out(chosen)
    assert np.array_equal(held.__getitems__([1])['inputs'][0], wanted[2])


def test_one_verdict_changes_the_checksum(root):
    before = open_banks(root).checksum
    assert open_banks(root).checksum == before
    path = root / 'index/validation/verdicts_value.npy'
    value = np.load(path)
    value[3] = not value[3]
    np.save(path, value)
    assert open_banks(root).checksum != before


def replace(root, name, seed, **changed):
    """Puts another index and bank in the place of ``name``."""
    index = make_labels(60, 12, name, seed)
    index.info.update(changed)
    for folder in (root / 'index' / name, root / 'features' / name):
        shutil.rmtree(folder)
    index.write(root / 'index' / name)
    bank = FeatureBank.create(root / 'features' / name, index.image_ids, 1, 8, {})
    bank.write(np.arange(60), np.zeros((60, 1, 8)))


def test_another_class_list_is_refused(root):
    replace(root, 'test', 9, classes=[f'/m/{k}' for k in range(12)])
    with pytest.raises(InputError, match=r'index/test: has another class list than .*index/train'):
        open_banks(root)


def test_features_of_other_weights_are_refused(root):
    path = root / 'features/validation/bank.json'
    info = json.loads(path.read_text())
    path.write_text(json.dumps({**info, 'provenance': {'weights': 'other.pth'}}))
    with pytest.raises(InputError, match=r'of the weights other.pth.*with the same backbone'):
        open_banks(root)


def test_v_without_a_label_present_is_refused(root):
    path = root / 'index/validation/verdicts_value.npy'
    np.save(path, np.zeros_like(np.load(path)))
    with pytest.raises(InputError, match=r'index/validation: has no label .* verified present'):
        open_banks(root)


@pytest.mark.parametrize(('name', 'other'), [('validation', 'train'), ('test', 'validation')])
def test_images_in_two_sets_are_refused(root, name, other):
    index = LabelIndex.open(root / 'index' / name)
    ids = LabelIndex.open(root / 'index' / other).image_ids
    image_ids = np.sort(np.append(index.image_ids[:-2], ids[[4, 6]]))
    for folder in ('index', 'features'):
        np.save(root / folder / name / 'image_ids.npy', image_ids)
    with pytest.raises(InputError, match=rf'index/{name}: has 2 images of .*index/{other} too'):
        open_banks(root)


def verdict_file(root, rows):
    path = root / 'verdicts.csv'
    write_csv(path, [('ImageID', 'Source', 'LabelName', 'Confidence'), *rows])
    return ReleaseFile.parse(str(path))


def test_a_bound_is_t_with_the_verdicts_of_its_file(root):
    train = LabelIndex.open(root / 'index/train')
    rows = [(f'{train.image_ids[k]:016x}', 'human', f'/m/0{k:04d}', k % 2) for k in range(6)]
    files = {'bound_truth': verdict_file(root, rows)}
    (path,) = prepare_bounds(root / 'index/train', files, root / 'out').values()
    verdicts = LabelIndex.open(path).verdicts
    for k in range(6):
        label, value = verdicts.row(k)
        assert (label.tolist(), value.tolist()) == ([k], [k % 2 == 1])
    assert len(verdicts.label) == 6
    before = path.stat().st_mtime_ns
    assert prepare_bounds(root / 'index/train', files, root / 'out') == {'bound_truth': path}
    assert path.stat().st_mtime_ns == before

    files = {'bound_truth': verdict_file(root, rows[:5])}
    with pytest.raises(InputError, match=r'bound_truth: holds other verdicts than .*verdicts.csv'):
        prepare_bounds(root / 'index/train', files, root / 'out')


def test_a_bound_of_other_images_is_refused(root):
    file = verdict_file(root, [('0123456789abcdef', 'human', '/m/00001', 1)])
    with pytest.raises(InputError, match=r'verdicts.csv: has no verdict on an image of'):
        prepare_bounds(root / 'index/train', {'bound_truth': file}, root / 'out')
    assert not (root / 'out').exists()
