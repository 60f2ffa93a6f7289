"""Numbers of things in sentences."""

import pytest

from mmnoisy.wording import counted


@pytest.mark.parametrize(
    ('number', 'thing', 'text'),
    [
        (0, 'row', '0 rows'),
        (1, 'row', '1 row'),
        (2400, 'picture', '2,400 pictures'),
        (1, 'class', '1 class'),
        (2, 'noisy class', '2 noisy classes'),
        (3, 'batch', '3 batches'),
        (3, 'box', '3 boxes'),
    ],
)
def test_one_or_several(number, thing, text):
    assert counted(number, thing) == text
