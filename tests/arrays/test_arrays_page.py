"""The code of docs/arrays.md, run as it stands but for shorter trainings."""

import re

import numpy as np
from conftest import REPO
from made_arrays import made_arrays

BLOCKS = re.findall(r'```python\n(.*?)```', (REPO / 'docs/arrays.md').read_text(), re.DOTALL)


def test_the_code_of_the_page():
    X, Y, V, truth = made_arrays()
    found = dict(X=X, Y=Y, V=V, X_new=X[:5], X_test=X, V_test=np.where(np.isnan(V), truth, np.nan))
    for block in BLOCKS:
        exec(block.replace('Classifier()', 'Classifier(steps=3)'), found)
    assert found['scores'].shape == (5, 3)
    assert found['better'].shape == Y.shape
    assert found['quality'] == found['found'].AP_all
    assert np.isnan(V[found['first']['row']]).all()
