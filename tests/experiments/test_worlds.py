"""Worlds against slow, obvious versions on dictionaries."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_index import make_data_set, make_labels

from mmnoisy import InputError
from mmnoisy.datasets import FeatureBank, LabelIndex
from mmnoisy.datasets.csr import Csr
from mmnoisy.experiments.worlds import (
    ANY,
    FREQUENT,
    UPPER,
    WORLDS,
    World,
    choose_classes,
    cut,
    drawn,
    image_weights,
    make_world,
    num_below,
    of_classes,
    on_proposals,
    with_labels,
)

SUBSETS = ('train', 'validation', 'test')


def as_dict(csr, index):
    """Value by image id and class id of a matrix of an index."""
    found = {}
    for row, image_id in enumerate(index.image_ids):
        for label, value in zip(*csr.row(row)):
            found[image_id, index.classes[label]] = value.item()
    return found


def indexes_of(sizes=(300, 60, 80), classes=12):
    made = (make_labels(n, classes, s, k) for k, (s, n) in enumerate(zip(SUBSETS, sizes)))
    return dict(zip(SUBSETS, made))


def index_of(labels, num_classes):
    """An index whose image k lists ``labels[k]``."""
    start = np.append(0, np.cumsum([len(of_image) for of_image in labels]))
    label = np.array([k for of_image in labels for k in of_image], np.uint16)
    index = make_labels(len(labels), num_classes, 'train', 0)
    noisy = Csr(start, label, np.ones(len(label), np.float32))
    return LabelIndex(index.image_ids, noisy, Csr(start, label, label < 0), index.info)


@settings(max_examples=30, deadline=None)
@given(
    st.sets(st.integers(0, 11), min_size=1),
    st.sampled_from([0.0, 0.6, 0.75, 1.0]),
    st.booleans(),
    st.booleans(),
    st.integers(0, 5),
)
def test_a_cut_is_that_of_dictionaries(classes, least, confidences, complete, seed):
    index = make_labels(40, 12, 'validation', seed)
    noisy, verdicts = as_dict(index.noisy, index), as_dict(index.verdicts, index)
    kept = sorted(classes)
    names = {index.classes[k] for k in kept}
    noisy = {
        (image, label): value if confidences else 1.0
        for (image, label), value in noisy.items()
        if label in names and value >= np.float32(least)
    }
    verdicts = {
        cell: value
        for cell, value in verdicts.items()
        if cell[1] in names and (complete or cell in noisy)
    }

    found = of_classes(with_labels(index, least, confidences), np.array(kept))
    found = found if complete else on_proposals(found)
    assert found.classes == [index.classes[k] for k in kept]
    assert found.info['class_names'] == [index.info['class_names'][k] for k in kept]
    assert found.image_ids == index.image_ids
    assert as_dict(found.noisy, found) == noisy
    assert as_dict(found.verdicts, found) == verdicts


def test_a_world_is_a_part_of_the_data_set():
    given = indexes_of()
    world = World('made', 5, FREQUENT, 100, 20, confidences=False, seed=3)
    parts = cut(world, given)
    assert [len(parts[s]) for s in SUBSETS[:2]] == [100, 20]
    assert len({tuple(part.classes) for part in parts.values()}) == 1
    assert len(parts['train'].classes) == 5
    for subset, part in parts.items():
        assert (part.image_ids.rows(part.image_ids) == np.arange(len(part))).all()
        assert {*part.image_ids} <= {*given[subset].image_ids}
        before = as_dict(given[subset].noisy, given[subset])
        assert as_dict(part.noisy, part) == {
            cell: 1.0
            for cell in before
            if cell[0] in {*part.image_ids} and cell[1] in {*part.classes}
        }
    test = given['test']  # loses classes, and the images without a verdict in the others
    assert as_dict(parts['test'].verdicts, parts['test']) == {
        cell: value
        for cell, value in as_dict(test.verdicts, test).items()
        if cell[1] in {*parts['test'].classes}
    }
    ids = [image_id for part in parts.values() for image_id in part.image_ids]
    assert len(ids) == len({*ids})


def test_the_seed_decides():
    def ids(seed):
        parts = cut(World('made', 5, ANY, 100, 20, mix=1.0, seed=seed), indexes_of())
        return [part.image_ids.tolist() for part in parts.values()]

    assert ids(0) == ids(0) != ids(1)


def test_most_frequent_and_upper_classes():
    # 0 and 1 are below 2; 3 is the most frequent and above nothing.
    index = index_of([[0, 2], [0, 2], [1, 2], [2], [3], [3], [3], [3], [3], [2, 3]], 4)
    rng = np.random.default_rng(0)
    assert num_below(index).tolist() == [0, 0, 2, 0]
    assert choose_classes(index, 1, UPPER, rng).tolist() == [2]
    assert choose_classes(index, 1, FREQUENT, rng).tolist() == [3]
    assert choose_classes(index, 2, UPPER, rng).tolist() == [2, 3]
    assert choose_classes(index, 0, ANY, rng).tolist() == [0, 1, 2, 3]
    with pytest.raises(InputError, match='T lists 4 classes'):
        choose_classes(index, 5, ANY, rng)


def test_what_is_above_is_found_as_by_hand():
    index = make_labels(6, 9, 'train', 4)
    images = [{*index.noisy.row(row)[0].tolist()} for row in range(len(index))]
    of = [{k for k, labels in enumerate(images) if c in labels} for c in range(9)]

    def above(a, b):
        return len(of[a]) > len(of[b]) and len(of[a] & of[b]) >= 0.99 * len(of[b]) > 0

    wanted = [sum(above(a, b) for b in range(9)) for a in range(9)]
    assert num_below(index).tolist() == wanted


def test_images_weigh_as_their_classes_on_average():
    index = index_of([[0, 1], [], [1], [2]], 3)
    weight = image_weights(index.noisy, np.array([1.0, 3.0, 0.5]))
    assert weight.tolist() == [2.0, 0.0, 3.0, 0.5]
    rng = np.random.default_rng(0)
    often = sum(drawn(weight, 1, 'V', rng) for _ in range(4000)) / 4000
    np.testing.assert_allclose(often, weight / weight.sum(), atol=0.03)
    assert drawn(weight, 0, 'V', rng).tolist() == [True, False, True, True]
    with pytest.raises(InputError, match='a world of 4 images in V: the data set has 3'):
        drawn(weight, 4, 'V', rng)


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp('made')
    make_data_set(root)
    return root


def test_the_features_go_with_the_images(made, tmp_path):
    world = World('made', 6, FREQUENT, 50, 20)
    index, features = make_world(world, made / 'index', made / 'features', tmp_path / 'cut')
    for subset in SUBSETS:
        before = FeatureBank.open(made / 'features' / subset)
        after = FeatureBank.open(features / subset)
        assert after.image_ids == LabelIndex.open(index / subset).image_ids
        rows = zip(before.image_ids, before.features)
        wanted = {image_id: row.tobytes() for image_id, row in rows}
        for image_id, row in zip(after.image_ids, after.features):
            assert row.tobytes() == wanted[image_id]


def test_a_world_is_cut_once_and_anew_for_another_recipe(made, tmp_path):
    def times(world):
        make_world(world, made / 'index', made / 'features', tmp_path / 'cut')
        return {p: p.stat().st_mtime_ns for p in tmp_path.rglob('*') if p.is_file()}

    first = times(World('made', 6, FREQUENT, 50, 20))
    assert times(World('made', 6, FREQUENT, 50, 20)) == first
    assert times(World('made', 6, FREQUENT, 50, 21)) != first
    assert len(LabelIndex.open(tmp_path / 'cut/index/validation')) == 21


def test_nothing_is_copied_of_a_whole_data_set(made, tmp_path):
    places = made / 'index', made / 'features'
    assert make_world(World('made'), *places, tmp_path / 'cut') == places
    assert not (tmp_path / 'cut').exists()
    assert [name for name, world in WORLDS.items() if world.whole] == ['tiny', 'mosaics']
