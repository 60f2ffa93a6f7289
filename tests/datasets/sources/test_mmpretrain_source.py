"""MMPretrain's annotation files by hand."""

import json

import pytest
from label_tables import read, table_of, triples

from mmnoisy.datasets.release.csv_blocks import UNLISTED
from mmnoisy.datasets.sources.collector import NO_NAME
from mmnoisy.datasets.sources.mmpretrain import MMPretrain
from mmnoisy.errors import InputError


@pytest.fixture
def write(tmp_path):
    def write(*pictures, **metainfo):
        path = tmp_path / 'train.json'
        metainfo = metainfo or {'classes': ['cat', 'dog', 'cow']}
        path.write_text(json.dumps({'metainfo': metainfo, 'data_list': pictures}))
        return path

    return write


def test_numbers_and_lists(write):
    table = read(
        MMPretrain,
        write(
            {'img_path': 'a/1.jpg', 'gt_label': [0, 2], 'noisy_score': [0.5, 1]},
            {'img_path': 'b.c.jpg', 'gt_label': 1},
            {'img_path': 'd', 'gt_label': []},
            {'img_path': 'e'},
        ),
    )
    assert (table.images, table.classes) == (
        ['a/1.jpg', 'b.c.jpg', 'd', 'e'],
        ['cat', 'dog', 'cow'],
    )
    assert triples(table) == {('a/1.jpg', 'cat', 0.5), ('a/1.jpg', 'cow', 1), ('b.c.jpg', 'dog', 1)}
    assert table.layout == {'format': 'mmpretrain', 'single': False}


def test_one_number_each(write):
    assert read(MMPretrain, write({'img_path': 'a', 'gt_label': 1})).layout['single']


def test_scores_of_all_classes(write):
    path = write(
        {'img_path': 'a', 'gt_score': [0.25, 0, -1]}, {'img_path': 'b', 'gt_score': [1, 0, 1]}
    )
    assert triples(read(MMPretrain, path)) == {('a', 'cat', 0.25), ('b', 'cat', 1), ('b', 'cow', 1)}
    assert triples(read(MMPretrain, path, 'verified')) == {
        ('a', 'dog', 0),
        ('b', 'cat', 1),
        ('b', 'dog', 0),
        ('b', 'cow', 1),
    }


def test_verdicts(write):
    path = write({'img_path': 'a', 'gt_label': [0], 'verified_neg': [2]})
    assert triples(read(MMPretrain, path, 'verified')) == {('a', 'cat', 1), ('a', 'cow', 0)}


def test_categories_in_the_standard_form(write):
    categories = [{'id': 1, 'category_name': 'dog'}, {'id': 0, 'category_name': 'cat'}]
    path = write({'img_path': 'a', 'gt_label': 1}, categories=categories)
    assert triples(read(MMPretrain, path)) == {('a', 'dog', 1)}


def test_without_classes_their_numbers_are_the_names(write):
    path = write({'img_path': 'a', 'gt_label': [7]}, dataset_type='pets')
    assert triples(read(MMPretrain, path)) == {('a', '7', 1)}


def test_classes_of_one_name_stay_apart(write):
    path = write({'img_path': 'a', 'gt_label': [1]}, classes=['crane', 'crane'])
    assert triples(read(MMPretrain, path)) == {('a', 'crane (1)', 1)}


def test_what_is_left_out(write):
    table = read(
        MMPretrain,
        write({'img_path': 'a', 'gt_label': [3, 'cat', -1, 0]}, {'img_path': None, 'gt_label': 0}),
    )
    assert triples(table) == {('a', 'cat', 1)}
    assert table.account.dropped == {UNLISTED: 3, NO_NAME: 1}
    assert table.account.examples[UNLISTED] == '3 of a'


def test_scores_that_are_not_of_the_labels(write):
    path = write({'img_path': 'a', 'gt_label': [0, 1], 'noisy_score': [0.5]})
    with pytest.raises(InputError, match=r'is not built as MMPretrain JSON is .*1 score for 2'):
        read(MMPretrain, path)


def test_mmpretrain_reads_what_is_written(tmp_path):
    datasets = pytest.importorskip('mmpretrain.datasets')
    table = table_of(['é 1.jpg', 'b.jpg'], ['cat', 'dog'], [(0, 1, 0.5), (0, 0, 1)])
    MMPretrain().write(table, str(tmp_path / 'train.json'), 'noisy')
    read_by_them = datasets.MultiLabelDataset(ann_file=str(tmp_path / 'train.json'))
    assert read_by_them.CLASSES == ['cat', 'dog']
    said = [read_by_them.get_data_info(k) for k in range(len(read_by_them))]
    assert [(one['img_path'], one['gt_label']) for one in said] == [
        ('é 1.jpg', [1, 0]),
        ('b.jpg', []),
    ]
