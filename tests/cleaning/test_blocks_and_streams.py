"""Blocks of a run that was ended, arrays and rows that grow."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmnoisy.cleaning.streams import CsvStream, NpyStream, number_texts, quoted
from mmnoisy.errors import InputError
from mmnoisy.io.shards import Blocks


def test_blocks_are_the_work_of_one_process_each_and_whole(tmp_path):
    blocks = Blocks(tmp_path / 'run', dict(weights='a'), 5)
    assert [blocks.missing(rank, 2) for rank in (0, 1)] == [[0, 2, 4], [1, 3]]
    blocks.write(2, np.arange(3))
    (tmp_path / 'run/.000004.npy.part').write_bytes(b'ended while writing')
    assert Blocks(tmp_path / 'run', dict(weights='a'), 5).missing() == [0, 1, 3, 4]
    for k in blocks.missing():
        blocks.write(k, np.full(1, k))
    assert [block.tolist() for block in blocks] == [[0], [1], [0, 1, 2], [3], [4]]


def test_blocks_of_another_run_are_refused(tmp_path):
    Blocks(tmp_path, dict(weights='a', rule=1), 5)
    with pytest.raises(InputError, match=r'another run \(other blocks, weights\); remove it'):
        Blocks(tmp_path, dict(weights='b', rule=1), 6)


def test_a_growing_array_is_read_back_by_numpy(tmp_path):
    for dtype in (np.uint16, np.float32, np.int64):
        stream = NpyStream(tmp_path / 'a.npy', dtype)
        parts = [np.arange(k) for k in (3, 0, 70000)]
        for part in parts:
            stream.append(part.astype(dtype))
        stream.close()
        read = np.load(tmp_path / 'a.npy')
        assert read.dtype == dtype
        np.testing.assert_array_equal(read, np.concatenate(parts).astype(dtype))


def test_rows(tmp_path):
    stream = CsvStream(tmp_path / 'a.csv', ['x', 'y'])
    for columns in ([['1', '2'], ['a', 'b']], [[], []], [['3'], ['c']]):
        stream.append(columns)
    stream.close()
    assert (tmp_path / 'a.csv').read_bytes() == b'x,y\n1,a\n2,b\n3,c\n'


@given(st.lists(st.floats(0, 1, width=32) | st.just(float('nan'))))
def test_texts_of_numbers_give_the_same_bits_again(values):
    values = np.array(values, np.float32)
    texts = number_texts(values)
    assert [text == '' for text in texts] == np.isnan(values).tolist()
    read = np.array([text or 'nan' for text in texts], np.float32)
    assert (read.view(np.uint32) == values.view(np.uint32))[~np.isnan(values)].all()


def test_texts_are_those_of_open_images():
    assert number_texts(np.float32([0.7, 1, 0.5])) == ['0.7', '1.0', '0.5']


@given(st.lists(st.text(st.characters(exclude_categories=['Cs']))))
def test_quoted_texts_are_read_back_as_they_are(texts):
    line = ','.join([*quoted(texts), 'end']) + '\n'
    assert next(csv.reader(io.StringIO(line, newline=''))) == [*texts, 'end']
