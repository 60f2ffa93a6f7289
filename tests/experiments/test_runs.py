import dataclasses

import numpy as np
import pytest
from synthetic_runs import evaluated_set, one_run

from mmnoisy import InputError
from mmnoisy.experiments.runs import ARRAYS, Run


@pytest.mark.parametrize('method', ['baseline', 'joint'])
def test_a_run_comes_back_as_it_was(tmp_path, method):
    run = one_run(evaluated_set(), method, seed=1)
    run.write(tmp_path)
    found = Run.read(tmp_path, method, 700)
    assert found.verified == 700
    for field in dataclasses.fields(Run):
        if field.name in ARRAYS:
            np.testing.assert_array_equal(getattr(found, field.name), getattr(run, field.name))
        elif field.name != 'verified':
            assert getattr(found, field.name) == getattr(run, field.name)


@pytest.mark.parametrize('damage', [b'', b'PK\x03\x04 half a file', None])
@pytest.mark.parametrize('ending', ['json', 'npz'])
def test_a_damaged_run_says_which(tmp_path, damage, ending):
    one_run(evaluated_set(), 'joint', seed=1).write(tmp_path)
    path = tmp_path / f'joint.{ending}'
    path.unlink() if damage is None else path.write_bytes(damage)
    with pytest.raises(InputError, match=f'{tmp_path}: the run is damaged .* remove this folder'):
        Run.read(tmp_path, 'joint', 2500)
