"""Verdicts in classes of their own, and what corresponds to what."""

import csv

import numpy as np
import pytest
from conftest import HEADER, SUBSETS, write_csv, write_release
from hypothesis import given
from hypothesis import strategies as st
from small_classifier import refused, run
from test_prepare import content

from mmnoisy import InputError
from mmnoisy.datasets.csr import to_csr
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.datasets.release.class_map import (
    FILE,
    Vocabulary,
    equal_names,
    read_class_map,
    write_class_map,
)
from mmnoisy.datasets.release.files import ReleaseFile
from mmnoisy.datasets.release.index_builder import completed

OBJECTS = [('/m/cat', 'Cat'), ('/m/00001', 'a dog'), ('/m/ox', 'Ox'), ('/m/tv', 'T-V set')]
NAMES = [('/m/00000', 'cat'), ('/m/00001', 'hound'), ('/m/00002', 'CAT '), ('/m/00003', 'tv_set')]


@pytest.fixture
def release(tmp_path):
    """Six classes of a machine, four objects; the verdicts name the present object of an image."""
    written = write_release(tmp_path, num_images=8, pictures=False)
    write_csv(tmp_path / 'annotations/class-descriptions.csv', NAMES)
    write_csv(tmp_path / 'objects.csv', OBJECTS)
    write_csv(tmp_path / 'annotations/categories.csv', [('/m/00002', 'animal')])
    for subset in SUBSETS[1:]:
        rows = [
            (image, 'verification', OBJECTS[k % 4][0], 1)
            for k, image in enumerate(sorted(written[subset]))
            if k < 7  # one image has no verdict
        ]
        write_csv(tmp_path / f'{subset}.csv', [HEADER, *rows])
    return tmp_path, written


def prepare(root, *more):
    human = [f'{subset}={root}/{subset}.csv' for subset in SUBSETS[1:]]
    options = ['--verdict-classes', root / 'objects.csv', '--out', root / 'index', *more]
    run('prepare_openimages.py', root, '--human', *human, *options)
    return {subset: LabelIndex.open(root / 'index' / subset) for subset in SUBSETS}


def pairs_of(root):
    with open(root / 'index/correspondence.csv', newline='') as file:
        return {(row['NoisyLabelName'], row['LabelName']) for row in csv.DictReader(file)}


def test_each_kind_of_label_keeps_its_classes(release):
    root, written = release
    indexes = prepare(root, '--complete-verdicts')
    for subset, index in indexes.items():
        assert index.classes == [mid for mid, _ in OBJECTS]
        assert index.info['class_names'] == [name for _, name in OBJECTS]
        assert index.info['class_categories'] == []  # those of the release are of other classes
        assert index.noisy_classes == [f'/m/0000{k}' for k in range(6)]
        assert index.metainfo['noisy_classes'] == (*index.noisy_classes,)
        for k, (image, (noisy, present, absent)) in enumerate(sorted(content(index).items())):
            assert noisy == written[subset][image][0]
            rated = {0, 1, 2, 3} if subset != 'train' and k < 7 else set()
            assert present == rated & {k % 4}
            assert absent == rated - {k % 4}
    # The MID of the hound is that of a dog; of two cats a name says nothing.
    assert pairs_of(root) == {
        ('/m/00000', '/m/cat'),
        ('/m/00002', '/m/cat'),
        ('/m/00001', '/m/00001'),
        ('/m/00003', '/m/tv'),
    }


def test_verdicts_that_are_not_complete_stay_as_they_are(release):
    indexes = prepare(release[0], '--class-map', 'none')
    assert indexes['validation'].verdicts.value.tolist() == [True] * 7
    assert not (release[0] / 'index/correspondence.csv').exists()


def test_pairs_of_a_file(release):
    root, _ = release
    pairs = {('/m/00005', '/m/ox'), ('/m/00004', '/m/ox'), ('/m/00004', '/m/tv')}
    write_csv(root / 'pairs.csv', [('NoisyLabelName', 'LabelName'), *pairs])
    prepare(root, '--class-map', str(root / 'pairs.csv'))
    assert pairs_of(root) == pairs
    prepare(root, '--correspondence', 'names')  # as it was called; takes its place
    assert len(pairs_of(root)) == 4


def test_no_class_of_a_map_is_a_formula(tmp_path):
    noisy, classes = (Vocabulary([mid], [mid], 'a list') for mid in ('=1+1', '/m/ox'))
    write_class_map(tmp_path, [(0, 0)], noisy, classes)
    assert (tmp_path / FILE).read_text().splitlines()[1] == "0,0,'=1+1,/m/ox"


@pytest.mark.parametrize(
    ('rows', 'complaint'),
    [
        ([('/m/ox', '/m/ox')], "'/m/ox' in '/m/ox,/m/ox' is not among the 6 classes"),
        ([('/m/00001', '/m/00002')], "'/m/00002' in .* is not among the 4 classes of .*objects"),
        ([('/m/00001', '/m/ox')] * 2, "'/m/00001,/m/ox' is given twice"),
        ([('/m/00001',)], 'has 1 fields instead of 2'),
        ([], 'has no pair'),
    ],
)
def test_wrong_pairs_are_refused(tmp_path, rows, complaint):
    write_csv(tmp_path / 'pairs.csv', rows)
    noisy = Vocabulary([f'/m/0000{k}' for k in range(6)], [], 'classes.txt')
    classes = Vocabulary([mid for mid, _ in OBJECTS], [], 'objects.csv')
    with pytest.raises(InputError, match=rf'pairs\.csv: .*{complaint}'):
        read_class_map(ReleaseFile(tmp_path / 'pairs.csv'), noisy, classes)


def test_names_of_which_none_is_equal_are_refused():
    one, other = Vocabulary(['/m/a'], ['ant'], 'A'), Vocabulary(['/m/b'], ['bee'], 'B')
    with pytest.raises(InputError, match='B: none of its 1 class has the MID or the name of'):
        equal_names(one, other)


def test_wrong_options_end_in_one_sentence(release, capsys):
    root, _ = release
    tool = ('prepare_openimages.py', root, '--out', root / 'index')
    assert 'name those of the verdicts' in refused(capsys, *tool, '--class-map', 'names')
    line = refused(capsys, *tool, '--verdict-classes', root / 'none.csv')
    assert f'{root}/none.csv: there is no such file' in line
    write_csv(root / 'twice.csv', [OBJECTS[0], OBJECTS[0]])
    line = refused(capsys, *tool, '--verdict-classes', root / 'twice.csv')
    assert "twice.csv: '/m/cat' appears twice" in line
    options = ['--verdict-classes', root / 'objects.csv', '--class-map', root / 'none.csv']
    assert 'none.csv: there is no such file' in refused(capsys, *tool, *options)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2), st.booleans()), max_size=9))
def test_completed_equals_a_dictionary(verdicts):
    expected = {i: {} for i in range(5)}
    for image, label, present in verdicts:
        expected[image][label] = present or expected[image].get(label, False)
    for rated in filter(None, expected.values()):
        rated.update({k: False for k in range(3) if k not in rated})
    image, label, present = np.array(verdicts, int).reshape(-1, 3).T
    csr = to_csr(image, np.ones_like(image), label, present, (5, 3), np.maximum)
    found = completed(csr._replace(value=csr.value.astype(bool)), 3)
    assert [dict(zip(*map(np.ndarray.tolist, found.row(i)))) for i in range(5)] == [
        dict(sorted(rated.items())) for rated in expected.values()
    ]


def test_what_compares_noisy_labels_with_verdicts_refuses(release, capsys):
    root, _ = release
    prepare(root, '--complete-verdicts')
    complaint = 'its noisy labels are of 6 other classes than the 4 of its verdicts'
    commands = [
        ('dataset_stats.py', root / 'index', '--out', root / 'stats'),
        ('dataset_stats.py', root / 'index/test', '--out', root / 'stats'),
        ('export_labels.py', root / 'index/test', '--format', 'coco', '--out', root / 'coco'),
    ]
    for command in commands:
        assert complaint in refused(capsys, *command)


def test_joined_indexes_keep_both_vocabularies(release):
    indexes = prepare(release[0])
    joined = indexes['validation'].join(indexes['test'])
    both = {**content(indexes['validation']), **content(indexes['test'])}
    assert content(joined) == both
    assert len(joined.in_classes.label) == 0
    assert len(joined.in_classes.start) == len(joined) + 1
