from hypothesis import given
from hypothesis import strategies as st

from mmnoisy.io.spreadsheet import as_text, delimiter, from_text


def test_formulas_are_texts():
    for cell in ('=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', "'=1"):
        assert as_text(cell) == "'" + cell
    for cell in ('Dog', '/m/01dws', "'tis", '1=1', ''):
        assert as_text(cell) == cell


@given(st.text(alphabet="'=+-@\t\ra1", max_size=6))
def test_every_cell_comes_back(cell):
    written = as_text(cell)
    assert not written.startswith(('=', '+', '-', '@', '\t', '\r'))
    assert from_text(written) == cell


def test_what_fields_end_in():
    lines = ('a,b', 'a;b', 'a\tb', 'a', '')
    assert [*map(delimiter, lines)] == [',', ';', '\t', ',', ',']
    assert delimiter('a;b,c') == ','
