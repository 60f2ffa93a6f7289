"""Columns that are no labels come back with the labels."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from mmnoisy import read_labels
from mmnoisy.datasets.sources.further_columns import by_image, with_columns, write_columns
from mmnoisy.datasets.sources.reading import write_labels

LONG = 'who,path,label,score,patient,box,note\n' + ''.join(
    f'{row}\n'
    for row in (
        'ann,a.jpg,cat,0.5,p1,1 2 3,"x, y"', 'ann,a.jpg,dog,0.25,p1,4 5 6,"x, y"',
        'bob,b.jpg,cat,1,p2,,', ',c.jpg,,,p1,,"=1+1"',
    )
)  # fmt: skip


def there_and_back(tmp_path, name, text, **options):
    """What is read, and the labels of it that come back when the last one is taken out."""
    path, columns, out = tmp_path / name, tmp_path / 'columns.parquet', tmp_path / f'out-{name}'
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    table = read_labels(path, **options)
    write_columns(table, columns)
    fewer = {key: getattr(table, key)[:-1] for key in ('image', 'label', 'value')}
    again = replace(table, **fewer, groups=None, columns={})
    again = with_columns(again, columns, table.layout['group_column'])
    write_labels(again, out, layout=table.layout)
    return table, out


def test_a_line_a_label(tmp_path):
    table, out = there_and_back(tmp_path, 'a.csv', LONG, group_column='patient')
    assert {*table.columns} == {'who', 'note'}  # each label has a box of its own
    assert out.read_text().splitlines() == [
        'who,path,label,score,patient,note',
        'ann,a.jpg,cat,0.5,p1,"x, y"',
        'ann,a.jpg,dog,0.25,p1,"x, y"',
        'bob,b.jpg,,,p2,',
        ",c.jpg,,,p1,'=1+1",
    ]


def test_a_line_an_image_and_a_column_a_class(tmp_path):
    text = 'id;file;tags;note\n7;a.jpg;cat|dog;x\n8;b.jpg;dog;\n'
    assert there_and_back(tmp_path, 'a.csv', text)[1].read_text() == text.replace('dog;\n', ';\n')
    text = 'file,note,cat,dog\na.jpg,x,1,1\nb.jpg,,0,1\n'
    out = there_and_back(tmp_path, 'b.csv', text, label_column='*')[1]
    assert out.read_text() == text.replace('b.jpg,,0,1', 'b.jpg,,0,0')


def test_types_stay(tmp_path):
    rows = [
        {
            'note': 'x',
            'image': 'a.jpg',
            'labels': ['cat', 'dog'],
            'width': 640,
            'where': {'a': [1]},
        },
        {'note': None, 'image': 'b.jpg', 'labels': ['dog'], 'width': 480, 'where': [2]},
    ]
    text = ''.join(json.dumps(row) + '\n' for row in rows)
    _, out = there_and_back(tmp_path, 'a.jsonl', text, format='jsonl')
    found = [json.loads(line) for line in out.read_text().splitlines()]
    rows[1]['labels'] = []
    assert found == [{k: v for k, v in row.items() if k != 'where'} for row in rows]
    frame = pa.table(
        {
            'image': ['a.jpg', 'b.jpg'],
            'when': pa.array([0, None], pa.timestamp('us')),
            'label': ['cat', 'dog'],
            'size': pa.array([2**40, 1], pa.int64()),
        }
    )
    sink = pa.BufferOutputStream()
    parquet.write_table(frame, sink)
    _, out = there_and_back(tmp_path, 'a.parquet', sink.getvalue().to_pybytes())
    again = parquet.read_table(out)
    assert again.column_names == frame.column_names
    for name in ('image', 'when', 'size'):
        assert again.column(name).to_pylist() == frame.column(name).to_pylist()
        assert name == 'image' or again.schema.field(name).type == frame.schema.field(name).type


def test_without_further_columns_there_is_no_file(tmp_path):
    there_and_back(tmp_path, 'a.csv', 'image,label\na.jpg,cat\nb.jpg,dog\n')
    assert not (tmp_path / 'columns.parquet').exists()


def test_another_format_has_none(tmp_path):
    (tmp_path / 'a.csv').write_text(LONG)
    table = read_labels(tmp_path / 'a.csv')
    write_labels(replace(table, columns={}), tmp_path / 'a.json', format='coco')


@given(st.lists(st.tuples(st.integers(-1, 3), st.sampled_from(['a', 'b', None])), max_size=12))
def test_what_differs_within_an_image_is_left_out(rows):
    images = sorted({image for image, _ in rows if image >= 0})
    image = np.array([images.index(k) if k >= 0 else -1 for k, _ in rows], np.int64)
    said = {k: [text for other, text in rows if other == k] for k in images}
    column = pa.array([text for _, text in rows], pa.string())
    found = by_image(image, len(images), {'note': column})
    if images and all(len({*texts}) == 1 for texts in said.values()):
        assert found['note'].to_pylist() == [texts[0] for texts in said.values()]
    else:
        assert found == {}


@pytest.mark.parametrize('name', ['a.csv', 'a.tsv'])
def test_names_that_would_be_misread(tmp_path, name):
    text = 'image,label,note\na.jpg,cat,"x;y"\nb.jpg,"dog,cat",z\n'
    table, out = there_and_back(tmp_path, name, text, list_sep=',')
    assert read_labels(out, list_sep=',').columns['note'].to_pylist() == ['x;y', 'z']
    assert table.images == ['a.jpg', 'b.jpg']
