import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmnoisy import InputError
from mmnoisy.datasets.pictures.paths import check_template, picture_path


@pytest.mark.parametrize(
    ('template', 'path'),
    [
        ('{id}.jpg', '00ff60e3121c7305.jpg'),
        ('{split}/{id}.jpg', 'train/00ff60e3121c7305.jpg'),
        ('{id:.3}/{id}.jpg', '00f/00ff60e3121c7305.jpg'),
        ('{split}_{id:.1}/{id:.2}/{id}', 'train_0/00/00ff60e3121c7305'),
        ('a folder/.x..y/{{{id}}}.png', 'a folder/.x..y/{00ff60e3121c7305}.png'),
    ],
)
def test_paths_of_templates(template, path):
    check_template(template)
    assert picture_path(template, '00ff60e3121c7305', 'train') == path


@pytest.mark.parametrize(
    ('template', 'complaint'),
    [
        ('{id.__class__}/{id}', r'\{id.__class__\} is no field'),
        ('{id}{split.__init__.__globals__}', r'\{split.__init__.__globals__\} is no field'),
        ('{id[0]}/{id}', r'\{id\[0\]\} is no field'),
        ('{id!r}/{id}', r'\{id!r\} is no field'),
        ('{id:>9999999}/{id}', r'\{id:>9999999\} is no field'),
        ('{id:{split}}/{id}', r'\{id:\{split\}\} is no field'),
        ('{id:.0}/etc/{id}', r'\{id:.0\} is no field'),
        ('{subset}/{id}', r'\{subset\} is no field'),
        ('{}/{id}', r'\{\} is no field'),
        ('{0}/{id}', r'\{0\} is no field'),
        ('{split}/picture.jpg', r'lacks the field \{id\}'),
        ('{id:.3}.jpg', r'lacks the field \{id\}'),
        ('{{id}}.jpg', r'lacks the field \{id\}'),
        ('', r'lacks the field \{id\}'),
        ('{id', 'is no path template'),
        ('{id}}', 'is no path template'),
        ('../{id}.jpg', 'inside a folder'),
        ('{split}/../../{id}.jpg', 'inside a folder'),
        ('{split}\\..\\..\\{id}.jpg', 'inside a folder'),
        ('/tmp/{id}.jpg', 'inside a folder'),
        ('C:\\{id}.jpg', 'inside a folder'),
        ('C:{id}.jpg', 'inside a folder'),
        ('{id}/', 'inside a folder'),
        ('{id}/.', 'inside a folder'),
    ],
)
def test_other_templates_are_refused(template, complaint):
    with pytest.raises(InputError, match=complaint) as error:
        check_template(template)
    assert str(error.value).startswith(f'{template!r}: ')


@pytest.mark.parametrize(
    'image_id',
    ['', '.', 'a/', './.', '../x', 'a/../../x', 'a\\..\\x', '..', '/etc/passwd', '\\x', 'a\0b'],
)
def test_ids_that_lead_elsewhere_are_no_paths(image_id):
    with pytest.raises(InputError, match='leads out of the folder'):
        picture_path('{id}', image_id, 'train')


@pytest.mark.parametrize(
    'image_id',
    ['cats/photo 12.JPG', 'a,b;c', '..x/y..z/.a', 'é/\U0001f600', '{id}', '%s', 'no.ext.'],
)
def test_any_other_id_is_a_path(image_id):
    assert picture_path('{id}', image_id, '') == image_id


@pytest.mark.parametrize('split', ['', '..', '.', 'a/b', '/etc', 'a\\b', 'train\n'])
def test_malformed_splits_are_no_paths(split):
    with pytest.raises(InputError, match='is no name of a subset'):
        picture_path('{split}/{id}.jpg', '1', split)
    assert picture_path('{id}.jpg', '1', split) == '1.jpg'


@given(
    st.lists(st.sampled_from(['{id}', '{id:.3}', '{split}', '..', '.', '/', '\\', 'C:', '~', 'a'])),
    st.text(),
    st.from_regex(r'[A-Za-z0-9_-]+', fullmatch=True),
)
def test_what_is_accepted_stays_inside(pieces, image_id, split):
    template = ''.join(pieces)
    try:
        check_template(template)
    except InputError:
        return
    try:
        path = picture_path(template, image_id, split)
    except InputError:
        return
    outside = os.path.normpath(os.path.join('/pictures/folder', path))
    assert outside.startswith('/pictures/folder/')
    assert image_id in path
