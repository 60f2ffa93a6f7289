import json

import numpy as np
import pytest
import torch

from mmnoisy import InputError
from mmnoisy.apis import Calibration, calibration_path

CLASSES = ['/m/a', '/m/b', '/m/c']


@pytest.fixture
def checkpoint(tmp_path):
    (tmp_path / 'epoch_1.pth').write_bytes(b'weights')
    return str(tmp_path / 'epoch_1.pth')


def some_pairs():
    rng = np.random.default_rng(0)
    score = rng.random(500).astype(np.float32)
    return score, rng.random(500) < score**2


@pytest.mark.parametrize('name', ['isotonic', 'temperature', 'none'])
def test_it_comes_back_from_its_file(checkpoint, name):
    made = Calibration.fit(CLASSES, *some_pairs(), name).with_thresholds([0.1, 0.25, 1])
    path = calibration_path(checkpoint)
    assert path.name == 'epoch_1.calibration.json'
    made.write(path, checkpoint)
    found = Calibration.read(path, checkpoint, CLASSES)
    assert found.thresholds.tolist() == [0.1, 0.25, 1]
    score = torch.rand(4, 3)
    assert torch.equal(found.apply(score), made.apply(score))
    assert torch.equal(score, made.apply(score)) == (name == 'none')
    assert found.apply(score).shape == (4, 3)


@pytest.mark.parametrize(
    ('change', 'complaint'),
    [
        (dict(checkpoint_sha256='0'), 'was made for another checkpoint; run tools/calibrate.py'),
        (dict(classes=[*CLASSES[::-1]]), 'was made for another class list'),
        (dict(version=0), 'not a calibration of version 1'),
        (dict(thresholds=[0.1, 0.2]), r'\(2,\) values for 3 classes'),
        (dict(thresholds=[0.1, 0.2, 1.5]), 'threshold 1.5: is not between 0 and 1'),
        (dict(thresholds=[0.1, 0.2, float('nan')]), 'threshold nan'),
        (dict(thresholds=['a', 'b', 'c']), 'cannot be used'),
        (dict(method=dict(name='magic')), "its method is 'magic'"),
        (dict(method=dict(name='temperature', temperature=-1)), 'its temperature is -1'),
        (dict(method=dict(name='isotonic', score=[0.1], probability=[0.2])), 'do not rise'),
        (dict(method=dict(name='isotonic', score=[0.2, 0.1], probability=[0, 1])), 'do not rise'),
        (dict(method=dict(name='isotonic')), "cannot be used \\('score'\\)"),
    ],
)
def test_files_that_do_not_fit_are_refused(checkpoint, change, complaint):
    path = calibration_path(checkpoint)
    Calibration.none(CLASSES).write(path, checkpoint)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(InputError, match=complaint):
        Calibration.read(path, checkpoint, CLASSES)


def test_a_damaged_file_is_refused(checkpoint):
    path = calibration_path(checkpoint)
    for text in ('{', '[]', 'null'):
        path.write_text(text)
        with pytest.raises(InputError, match=r'epoch_1.calibration.json: cannot be used'):
            Calibration.read(path, checkpoint, CLASSES)
