import numpy as np
import pyarrow as pa
import pytest

from mmnoisy.cleaning.cleaned_set import CHANGE_HEADER
from mmnoisy.cleaning.pairs import ADDED, KEPT, REMOVED
from mmnoisy.cleaning.view.cards import MISSED, Card, Summary, ViewedLabel, make_cards, summarise
from mmnoisy.datasets import LabelIndex
from mmnoisy.datasets.csr import Csr
from mmnoisy.errors import InputError
from mmnoisy.io.texts import Texts

A, B = '000000000000000a', 'ffffffffffffffff'


def index_of(classes=('/m/00', '/m/01', '/m/02', '/m/03')):
    """A: 0 and 3 verified present, 1 absent; B: nothing rated."""
    none = Csr(np.zeros(3, int), np.zeros(0, np.uint16), np.zeros(0, np.float32))
    verdicts = Csr(
        np.array([0, 3, 3]), np.array([0, 1, 3], np.uint16), np.array([True, False, True])
    )
    return LabelIndex(Texts.of([A, B]), none, verdicts, dict(classes=[*classes]))


def table(*rows):
    return pa.Table.from_pylist([dict(zip(CHANGE_HEADER, row)) for row in rows])


ROWS = table(
    (B, '/m/02', 0.9, 0.9, 'kept', None, None),
    (A, '/m/00', 0.9, None, 'removed', 0.1, 0.2),
    (A, '/m/01', 0.8, 0.8, 'kept', 0.7, 0.6),
    (A, '/m/02', None, 0.75, 'added', 0.75, 0.5),
)


def test_labels_are_matched_with_their_verdicts():
    assert make_cards(ROWS, index_of()) == [
        Card(B, [ViewedLabel(2, KEPT, 0.9, None, None, None)]),
        Card(
            A,
            [
                ViewedLabel(0, REMOVED, 0.9, 0.1, 0.2, True),
                ViewedLabel(2, ADDED, None, 0.75, 0.5, None),
                ViewedLabel(3, MISSED, None, None, None, True),
                ViewedLabel(1, KEPT, 0.8, 0.7, 0.6, False),
            ],
        ),
    ]


def test_only_rated_noisy_labels_are_right_or_wrong():
    """Of A's two, the removed one was right and the kept one was not."""
    summary = summarise(make_cards(ROWS, index_of()))
    assert summary == Summary([2, 1, 1], rated=2, right_before=1, right_after=0)


@pytest.mark.parametrize(
    ('row', 'sentence'),
    [
        (('../../etc/passwd', '/m/00', 1.0, 1.0, 'kept', 1.0, 1.0), 'no image of the index'),
        (('000000000000000b', '/m/00', 1.0, 1.0, 'kept', 1.0, 1.0), 'no image of the index'),
        ((A, '/m/0x', 1.0, 1.0, 'kept', 1.0, 1.0), 'no class of the index'),
    ],
)
def test_another_index_is_refused(row, sentence):
    with pytest.raises(InputError, match=sentence):
        make_cards(table(row), index_of())
