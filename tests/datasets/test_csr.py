from collections import defaultdict
from unittest import mock

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mmnoisy.datasets import csr as csr_module
from mmnoisy.datasets.csr import to_csr

SHAPE = (5, 7)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 4),
            st.lists(st.tuples(st.integers(0, 6), st.floats(0, 1, width=32)), max_size=9),
        ),
        max_size=12,
    ),
    st.sampled_from([2, 5, 2**19]),
)
def test_csr_equals_a_dictionary(runs, block):
    expected = defaultdict(dict)
    for row, labels in runs:
        for label, value in labels:
            expected[row][label] = max(value, expected[row].get(label, 0))
    row, count = np.array([[row, len(labels)] for row, labels in runs], int).reshape(-1, 2).T
    pairs = [pair for _, labels in runs for pair in labels]
    label, value = (np.array([pair[k] for pair in pairs]) for k in range(2))
    with mock.patch.object(csr_module, 'BLOCK_LABELS', block):
        csr = to_csr(row, count, label.astype(int), value.astype(np.float32), SHAPE, np.maximum)
    for i in range(SHAPE[0]):
        labels, values = csr.row(i)
        assert labels.tolist() == sorted(expected[i])
        assert values.tolist() == [expected[i][k] for k in sorted(expected[i])]
