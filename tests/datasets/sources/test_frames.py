"""Data frames, and the public function."""

import doctest

import numpy as np
import pyarrow as pa
import pytest
from made_tables import said

import mmnoisy
from mmnoisy import InputError, read_labels
from mmnoisy.datasets.sources import describing, reading
from mmnoisy.datasets.sources.base import LabelTable

SCORED = [('a.jpg', 'cat', 0.5), ('b.jpg', 'dog', 0.25), ('b.jpg', 'cat', 1)]
LONG = dict(
    path=['a.jpg', 'b.jpg', 'b.jpg', 'c.jpg'],
    label=['cat', 'dog', 'cat', None],
    score=[0.5, 0.25, 1.0, None],
)
LISTS = dict(
    image=['a.jpg', 'b.jpg', 'c.jpg'],
    tags=[['cat'], ['dog', 'cat'], []],
    scores=[[0.5], [0.25, 1.0], []],
)
WIDE = dict(file=['a.jpg', 'b.jpg', 'c.jpg'], cat=[0.5, 1.0, None], dog=[None, 0.25, 0.0])


def frames(kind):
    if kind == 'arrow':
        return pa.table
    return pytest.importorskip(kind).DataFrame


@pytest.mark.parametrize('columns', [LONG, LISTS, WIDE])
@pytest.mark.parametrize('kind', ['arrow', 'pandas', 'polars'])
def test_shapes(kind, columns):
    table = read_labels(frames(kind)(columns))
    assert sorted(said(table)) == sorted(SCORED)
    assert table.images == ['a.jpg', 'b.jpg', 'c.jpg']
    assert table.layout['format'] == 'frame'


@pytest.mark.parametrize('kind', ['arrow', 'pandas', 'polars'])
def test_verdicts(kind):
    wide = dict(file=['a.jpg', 'b.jpg'], cat=[True, False], dog=[None, True])
    table = read_labels(frames(kind)(wide), 'verified')
    assert said(table) == [('a.jpg', 'cat', 1), ('b.jpg', 'cat', 0), ('b.jpg', 'dog', 1)]
    long = dict(id=[7, 8], label=[3, 3], value=[1, -1], patient=['p', 'q'])
    table = read_labels(frames(kind)(long), 'verified', group_column='patient')
    assert said(table) == [('7', '3', 1), ('8', '3', 0)]
    assert table.groups == ['p', 'q']


def test_pandas_columns_of_many_kinds():
    pd = pytest.importorskip('pandas')
    frame = pd.DataFrame({'image': [1, 'b'], 'label': pd.Categorical(['x', 'y'])})
    assert said(read_labels(frame)) == [('1', 'x', 1), ('b', 'y', 1)]
    frame = pd.DataFrame({'image': ['a', 'b', 'c'], 'label': [3, None, 4]})  # floats
    assert said(read_labels(frame)) == [('a', '3', 1), ('c', '4', 1)]
    frame = pd.DataFrame({'cat': [1, 0], 'dog': [0.5, 1]}, ['a.jpg', 'b.jpg'])
    assert said(read_labels(frame)) == [
        ('a.jpg', 'cat', 1),
        ('a.jpg', 'dog', 0.5),
        ('b.jpg', 'dog', 1),
    ]
    frame = pd.DataFrame(LONG).iloc[[2, 0]]  # numbers of rows say nothing
    assert said(read_labels(frame)) == [('b.jpg', 'cat', 1), ('a.jpg', 'cat', 0.5)]
    frame = pd.DataFrame({'image': ['a'], 'labels': [{'cat': 0.5, 'dog': 1.0}]})
    assert said(read_labels(frame)) == [('a', 'cat', 0.5), ('a', 'dog', 1)]


def test_polars_columns_of_many_kinds():
    pl = pytest.importorskip('polars')
    frame = pl.DataFrame({'image': ['a', 'b'], 'label': ['x', 'y']})
    frame = frame.with_columns(pl.col('label').cast(pl.Categorical))
    assert said(read_labels(frame)) == [('a', 'x', 1), ('b', 'y', 1)]


def test_maps_and_pictures_in_parquet():
    kind = pa.map_(pa.string(), pa.float32())
    labels = pa.array([[('cat', 0.5)], None, [('dog', 1), ('cat', 0.25)]], kind)
    pictures = pa.array([{'bytes': b'', 'path': f'{name}.jpg'} for name in 'abc'])
    table = read_labels(pa.table({'image': pictures, 'labels': labels}))
    assert said(table) == [('a.jpg', 'cat', 0.5), ('c.jpg', 'dog', 1), ('c.jpg', 'cat', 0.25)]
    assert table.images == ['a.jpg', 'b.jpg', 'c.jpg']


def test_frames_that_cannot_be_used():
    with pytest.raises(InputError, match='is no data frame'):
        read_labels([1, 2])
    with pytest.raises(InputError, match='has no row of an image'):
        read_labels(
            pa.table({'image': pa.array([], pa.string()), 'label': pa.array([], pa.string())})
        )
    with pytest.raises(InputError, match="'image' is there twice"):
        read_labels(pa.table([pa.array(['a']), pa.array(['b'])], ['image', 'image']))
    with pytest.raises(InputError, match='not names of images'):
        read_labels(pa.table({'image': [[1.0]], 'label': ['cat']}))
    with pytest.raises(InputError, match='options are format, sep'):
        read_labels('labels.csv', delimiter=';')
    with pytest.raises(InputError, match="kind='clean': is unknown"):
        read_labels('labels.csv', 'clean')


def test_paths(tmp_path):
    path = tmp_path / 'labels.csv'
    path.write_text('a.jpg,cat\n')
    assert said(mmnoisy.read_labels(path)) == said(read_labels(str(path))) == [('a.jpg', 'cat', 1)]


def test_a_table_shows_itself():
    pd = pytest.importorskip('pandas')
    table = LabelTable(['a', 'b'], ['cat'], [1], [0], [0.5], dict(format='csv'), groups=['p', 'q'])
    assert repr(table) == '<LabelTable: 1 label of 2 images, 1 class, csv>'
    frame = table.to_pandas()
    assert frame.to_dict('records') == [dict(image='b', label='cat', value=0.5, group='q')]
    assert isinstance(frame, pd.DataFrame)
    assert frame['value'].dtype == np.float32


@pytest.mark.parametrize('module', [reading, describing])
def test_examples(module):
    found = doctest.testmod(module)
    assert found.attempted
    assert not found.failed
