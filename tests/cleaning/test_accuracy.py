"""Right labels before and after, by hand."""

import numpy as np

from mmnoisy.cleaning.accuracy import Accuracy
from mmnoisy.cleaning.pairs import ADDED, KEPT, PAIR, REMOVED, Outcome
from mmnoisy.datasets.csr import Csr


def test_by_hand():
    pairs = np.zeros(6, PAIR)
    pairs['image'], pairs['label'] = [0, 0, 0, 1, 1, 2], [0, 1, 2, 0, 3, 0]
    pairs['before'] = [1, 1, 1, 1, np.nan, 1]
    kind = np.array([KEPT, REMOVED, REMOVED, KEPT, ADDED, REMOVED], np.uint8)
    # Image 2 has no verdict on its label, and the label that is added to image 1 was not there.
    present = np.array([True, False, True, False, True])
    verdicts = Csr(np.array([0, 3, 5, 5]), np.array([0, 1, 2, 0, 3]), present)
    accuracy = Accuracy(5)
    for _ in range(2):
        accuracy.add(pairs, Outcome(kind, np.zeros(6)), verdicts)
    assert accuracy.rows() == [
        ['all', '3', '8', '0.5000', '0.5000', '0.0000'],
        ['0% to 20%', '1', '2', '1.0000', '0.0000', '-1.0000'],
        ['40% to 60%', '1', '4', '0.5000', '0.5000', '0.0000'],
        ['80% to 100%', '1', '2', '0.0000', '1.0000', '1.0000'],
    ]
