"""The three sets of a comparison, and the indexes that are made of them."""

import json
import shutil

import numpy as np
import pytest
from conftest import write_csv
from made_grid import grid_of, systems_of
from made_index import make_labels, remove_usable

from mmnoisy import InputError
from mmnoisy.datasets import FeatureBank, LabelIndex
from mmnoisy.datasets.release.files import ReleaseFile
from mmnoisy.experiments.data import Data
from mmnoisy.experiments.indexes import keep, of_bounds, part_of, readable
from mmnoisy.experiments.search import Recipe
from mmnoisy.io.arrays import text_arrays
from mmnoisy.io.texts import concatenate


@pytest.fixture
def root(made, tmp_path):
    return shutil.copytree(made, tmp_path / 'data')


def open_data(root):
    return Data(systems_of(root, ['baseline'])['baseline'].cfg)


def test_subsets_of_v_are_nested_and_seeded(root):
    data = open_data(root)
    small, large = data.verified(10, 3), data.verified(25, 3)
    assert set(small) < set(large) and len(small) == 10
    assert np.array_equal(small, np.unique(small))
    assert not np.array_equal(small, data.verified(10, 4))
    assert np.array_equal(data.verified(60, 3), np.arange(60))


def test_a_run_on_a_part_of_v_reads_that_part_alone(root, tmp_path):
    grid = grid_of(root, tmp_path / 'out', ['joint'])
    chosen = np.array([2, 5, 40])
    cfg = grid.trainer.config(grid.trainer.job('joint', 20, 0), Recipe(), chosen)
    train, validation = cfg.train_dataloader.dataset.datasets
    assert train.ann_file == cfg.noisy_set.ann_file == str(root / 'index/train')
    whole, part = LabelIndex.open(root / 'index/validation'), LabelIndex.open(validation.ann_file)
    assert part.image_ids.tolist() == whole.image_ids[chosen].tolist()
    for row, image in enumerate(chosen):
        assert [a.tolist() for a in part.verdicts.row(row)] == [
            a.tolist() for a in whole.verdicts.row(image)
        ]
    held = grid.data.held_out(chosen)
    features = grid.data.validation.banks[0].features[chosen, 0]
    assert np.array_equal(held.__getitems__([0, 1, 2])['inputs'].numpy(), features)


def test_a_part_leaves_out_what_cannot_be_read(root, tmp_path):
    remove_usable(root, 'train', [0, 7])
    index = LabelIndex.open(root / 'index/train')
    assert (
        readable(index).image_ids.tolist() == np.delete(index.image_ids.tolist(), [0, 7]).tolist()
    )
    assert part_of(index, np.array([0, 6])).image_ids.tolist() == index.image_ids[[1, 8]].tolist()
    path = keep(part_of(index, np.array([3])), tmp_path, 'one')
    before = path.stat().st_mtime_ns
    assert keep(part_of(index, np.array([3])), tmp_path, 'one') == path
    assert path.stat().st_mtime_ns == before
    assert keep(part_of(index, np.array([4])), tmp_path, 'one') != path


def test_one_verdict_changes_the_checksum(root):
    before = open_data(root).checksum
    assert open_data(root).checksum == before
    path = root / 'index/validation/verdicts_value.npy'
    value = np.load(path)
    value[3] = not value[3]
    np.save(path, value)
    assert open_data(root).checksum != before


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
        open_data(root)


def test_features_of_other_weights_are_refused(root):
    path = root / 'features/validation/bank.json'
    info = json.loads(path.read_text())
    path.write_text(json.dumps({**info, 'provenance': {'weights': 'other.pth'}}))
    with pytest.raises(InputError, match=r'of the weights other.pth.*with the same backbone'):
        open_data(root)


def test_v_without_a_label_present_is_refused(root):
    path = root / 'index/validation/verdicts_value.npy'
    np.save(path, np.zeros_like(np.load(path)))
    with pytest.raises(InputError, match=r'index/validation: has no label .* verified present'):
        open_data(root)


@pytest.mark.parametrize(('name', 'other'), [('validation', 'train'), ('test', 'validation')])
def test_images_in_two_sets_are_refused(root, name, other):
    index = LabelIndex.open(root / 'index' / name)
    ids = LabelIndex.open(root / 'index' / other).image_ids
    image_ids = concatenate([index.image_ids[:-2], ids[[4, 6]]]).sorted_once()
    for folder in ('index', 'features'):
        for file, array in text_arrays('image_ids', image_ids).items():
            np.save(root / folder / name / f'{file}.npy', array)
    with pytest.raises(InputError, match=rf'index/{name}: has 2 images of .*index/{other} too'):
        open_data(root)


def verdict_file(root, rows):
    path = root / 'verdicts.csv'
    write_csv(path, [('ImageID', 'Source', 'LabelName', 'Confidence'), *rows])
    return ReleaseFile.parse(str(path))


def test_a_bound_learns_from_t_with_the_verdicts_of_its_file(root):
    train = LabelIndex.open(root / 'index/train')
    rows = [(f'{train.image_ids[k]}', 'human', f'/m/0{k:04d}', k % 2) for k in range(6)]
    bounds = of_bounds(
        root / 'index/train', {'bound_truth': verdict_file(root, rows)}, root / 'indexes'
    )
    verdicts = LabelIndex.open(bounds['bound_truth']).verdicts
    for k in range(6):
        label, value = verdicts.row(k)
        assert (label.tolist(), value.tolist()) == ([k], [k % 2 == 1])
    assert len(verdicts.label) == 6

    grid = grid_of(root, root / 'out', ['bound_truth'], bounds=bounds)
    job = grid.trainer.job('bound_truth', 60, 0)
    cfg = grid.trainer.config(job, Recipe(), np.arange(60))
    assert cfg.train_dataloader.dataset.datasets[0].ann_file == str(bounds['bound_truth'])
    assert cfg.train_dataloader.sampler.get('source_ratio') is None
    # Another file is another index, and so another run.
    made_by = grid.trainer.made_by(grid.trainer.settings(job, Recipe()))
    others = of_bounds(
        root / 'index/train', {'bound_truth': verdict_file(root, rows[:5])}, root / 'indexes'
    )
    again = grid_of(root, root / 'out', ['bound_truth'], bounds=others).trainer
    assert again.made_by(again.settings(job, Recipe()))['data'] != made_by['data']


def test_a_bound_of_other_images_is_refused(root):
    file = verdict_file(root, [('0123456789abcdef', 'human', '/m/00001', 1)])
    with pytest.raises(InputError, match=r'verdicts.csv: has no verdict on an image of'):
        of_bounds(root / 'index/train', {'bound_truth': file}, root / 'out')
    assert not (root / 'out').exists()
