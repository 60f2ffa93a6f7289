import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmnoisy.cleaning.own_labels import own_labels, with_verdicts
from mmnoisy.datasets.csr import Csr
from mmnoisy.datasets.index_info import own_info
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.io.texts import Texts


def index_of(confidence, verdict, first):
    """An index of dense labels: below 0 there is none; verdicts 1, -1 and 0 for none."""

    def matrix(mask, values):
        start = np.append(0, np.cumsum(mask.sum(1)))
        return Csr(start, np.nonzero(mask)[1].astype(np.uint16), values[mask])

    ids = Texts.of(f'{first + i:03}.jpg' for i in range(len(confidence)))
    classes = [f'class {k}' for k in range(confidence.shape[1])]
    noisy = matrix(confidence >= 0, confidence)
    return LabelIndex(ids, noisy, matrix(verdict != 0, verdict > 0), own_info(classes, 'a test'))


@given(
    st.tuples(st.integers(1, 6), st.integers(1, 4)).flatmap(
        lambda shape: st.tuples(
            hnp.arrays(np.float32, shape, elements=st.sampled_from([-1, 0, 0.25, 1])),
            hnp.arrays(np.float32, shape, elements=st.sampled_from([-1, 0.5])),
            hnp.arrays(np.int8, shape, elements=st.integers(-1, 1)),
        )
    ),
    st.integers(0, 6),
)
def test_verdicts_have_the_last_word(drawn, cut):
    confidence, before, verdict = drawn
    now, was = (
        [index_of(c[:cut], verdict[:cut], 0), index_of(c[cut:], verdict[cut:], cut)]
        for c in (confidence, before)
    )
    table = own_labels([*map(with_verdicts, now, was)])
    assert table.images == [f'{i:03}.jpg' for i in range(len(confidence))]
    expected = {}
    for i, k in np.ndindex(confidence.shape):
        if verdict[i, k] < 0 or (confidence[i, k] < 0 and verdict[i, k] == 0):
            continue
        known = [float(one[i, k]) for one in (confidence, before) if one[i, k] >= 0]
        expected[i, k] = [*known, 1.0][0]
    cells = zip(table.image.tolist(), table.label.tolist())
    assert dict(zip(cells, table.value.tolist())) == expected
