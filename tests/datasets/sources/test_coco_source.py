"""COCO JSON by hand."""

import json
from collections import Counter

import pytest
from label_tables import read, table_of, triples

from mmnoisy.datasets.release.csv_blocks import NO_CONFIDENCE, UNLISTED
from mmnoisy.datasets.sources.coco import Coco
from mmnoisy.datasets.sources.collector import (
    AGAIN,
    CONTRADICTION,
    NO_IMAGE,
    NO_NAME,
)
from mmnoisy.errors import InputError

CATEGORIES = [
    {'id': 1, 'name': 'cat', 'supercategory': 'animal'},
    {'id': 18, 'name': 'dog', 'supercategory': 'animal'},
    {'id': 90, 'name': 'tooth brush', 'supercategory': ''},
]


def box(number, image, category, **more):
    shape = {'bbox': [1.0, 2.0, 3.5, 4.0], 'area': 14.0, 'iscrowd': 0, 'segmentation': []}
    return {'id': number, 'image_id': image, 'category_id': category, **shape, **more}


@pytest.fixture
def write(tmp_path):
    def write(annotations, images=('cats/photo 12.JPG', 'a.b.c.png'), categories=CATEGORIES):
        images = [
            {'id': 7 + k, 'file_name': name, 'width': 640, 'height': 480, 'license': 1}
            for k, name in enumerate(images)
        ]
        document = {'info': {'year': 2024}, 'licenses': [], 'images': images}
        path = tmp_path / 'instances.json'
        document.update(annotations=annotations, categories=categories)
        path.write_text(json.dumps(document))
        return path

    return write


def test_boxes_of_a_category_are_one_label(write):
    path = write([box(1, 7, 18), box(2, 7, 18, score=0.4), box(3, 7, 1, score=0.25)])
    table = read(Coco, path)
    assert table.images == ['cats/photo 12.JPG', 'a.b.c.png']  # the second has no label
    assert table.classes == ['cat', 'dog', 'tooth brush']
    assert triples(table) == {('cats/photo 12.JPG', 'dog', 1), ('cats/photo 12.JPG', 'cat', 0.25)}
    assert (table.account.rows, table.account.dropped) == (4, Counter({AGAIN: 1}))
    assert table.account.examples == {AGAIN: 'dog of cats/photo 12.JPG'}


def test_the_highest_confidence_counts(write):
    said = [box(k, 8, 1, score=score) for k, score in enumerate([0.25, 0.75, 0.5])]
    assert triples(read(Coco, write(said))) == {('a.b.c.png', 'cat', 0.75)}


def test_verdicts(write):
    """An attribute says absent, as CVAT keeps attributes; a score says nothing."""
    absent = {'attributes': {'occluded': False, 'present': False}}
    path = write(
        [box(1, 7, 1, score=0.1), box(2, 7, 18, **absent), box(3, 8, 18, attributes={'x': 1})]
    )
    assert triples(read(Coco, path, 'verified')) == {
        ('cats/photo 12.JPG', 'cat', 1),
        ('cats/photo 12.JPG', 'dog', 0),
        ('a.b.c.png', 'dog', 1),
    }


def test_verdicts_that_contradict_each_other_are_left_out(write):
    absent = {'attributes': {'present': False}}
    said = [box(1, 7, 1), box(2, 7, 1, **absent), box(3, 7, 1), box(4, 7, 18)]
    table = read(Coco, write(said), 'verified')
    assert triples(table) == {('cats/photo 12.JPG', 'dog', 1)}
    assert table.account.dropped == {CONTRADICTION: 3}


def test_every_row_that_is_left_out_is_counted(write):
    path = write(
        [
            *[box(1, 7, 2), box(2, 99, 1), box(3, 7, 1, score=1.5), box(4, 7, 1, score='high')],
            *[box(5, 9, 1), box(6, 8, 1, score=None), box(7, 7, 1, score=float('nan'))],
        ],
        images=['a.jpg', 'b.jpg', ''],
    )
    table = read(Coco, path)
    assert triples(table) == {('b.jpg', 'cat', 1)}
    assert table.account.dropped == {UNLISTED: 1, NO_IMAGE: 2, NO_CONFIDENCE: 3, NO_NAME: 1}
    assert table.account.examples == {
        UNLISTED: 'category_id 2 in annotation 1',
        NO_IMAGE: 'image_id 99 in annotation 2',
        NO_CONFIDENCE: '1.5 in annotation 3',
        NO_NAME: "''",
    }


def test_categories_of_one_name_stay_apart(write):
    categories = [{'id': k, 'name': name} for k, name in ((3, 'crane'), (4, 'crane'), (5, ''))]
    table = read(Coco, write([box(1, 7, 4), box(2, 7, 5)], categories=categories))
    assert table.classes == ['crane (3)', 'crane (4)', '5']
    assert [table.classes[k] for k in table.label] == ['crane (4)', '5']


def test_categories_keep_their_ids(write, tmp_path):
    table = read(Coco, write([box(1, 7, 18)]))
    table.classes.append('fish')
    Coco().write(table, str(tmp_path / 'out.json'), 'noisy')
    document = json.loads((tmp_path / 'out.json').read_text())
    fish = {'id': 91, 'name': 'fish', 'supercategory': ''}
    assert document['categories'] == [*CATEGORIES, fish]
    assert document['annotations'] == [{'id': 1, 'image_id': 1, 'category_id': 18, 'score': 1.0}]


def test_pycocotools_reads_what_is_written(tmp_path):
    coco = pytest.importorskip('pycocotools.coco')
    said = [(0, 0, 0.7), (1, 1, 0.25)]
    table = table_of(['cats/é 1.jpg', 'b.jpg', 'c.jpg'], ['cat', 'dog'], said)
    Coco().write(table, str(tmp_path / 'out.json'), 'noisy')
    read_by_them = coco.COCO(str(tmp_path / 'out.json'))
    (dog,) = read_by_them.getCatIds(catNms=['dog'])
    (image,) = read_by_them.loadImgs(read_by_them.getImgIds(catIds=[dog]))
    assert image['file_name'] == 'b.jpg'
    assert [one['score'] for one in read_by_them.dataset['annotations']] == [0.7, 0.25]


def test_no_image(write):
    with pytest.raises(InputError, match=r'instances.json: holds no image; check'):
        read(Coco, write([], images=[]))


def test_one_image_without_labels(write):
    table = read(Coco, write([], images=['1']))
    assert (table.images, triples(table)) == (['1'], set())


def test_the_lists_may_stand_in_any_order(tmp_path):
    """A long list between them hides what stands in the middle."""
    images = [{'id': k, 'file_name': f'{k}.jpg'} for k in range(5000)]
    annotations = [box(k, k, 1) for k in range(5000)]
    parts = {'images': images, 'categories': CATEGORIES[:1], 'annotations': annotations}
    for order in (parts, {k: parts[k] for k in ('annotations', 'images', 'categories')}):
        path = tmp_path / 'labels.json'
        path.write_text(json.dumps(order))
        assert Coco.recognises(str(path))
        assert len(read(Coco, path).label) == 5000


@pytest.mark.parametrize(
    ('kind', 'sentence'),
    [
        ('images', "image id 7 is that of 'a.jpg' and of 'b.jpg'; give each image an id"),
        ('categories', "category id 1 is that of 'cat' and of 'cow'; give each category an id"),
    ],
)
def test_two_of_one_id_are_refused(tmp_path, kind, sentence):
    document = {
        'images': [{'id': 7, 'file_name': 'a.jpg'}, {'id': 7, 'file_name': 'a.jpg'}],
        'categories': [{'id': 1, 'name': 'cat'}],
        'annotations': [box(1, 7, 1)],
    }
    path = tmp_path / 'merged.json'
    path.write_text(json.dumps(document))
    assert triples(read(Coco, path)) == {('a.jpg', 'cat', 1)}
    more = {'images': {'id': 7, 'file_name': 'b.jpg'}, 'categories': {'id': 1, 'name': 'cow'}}
    document[kind].append(more[kind])
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match=sentence):
        read(Coco, path)
