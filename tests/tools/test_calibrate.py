"""The tool on a small classifier that has not seen V, and on one that has."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from small_classifier import refused, run, scores, without_test

from mmnoisy.apis import MultiLabelInferencer
from mmnoisy.apis.verified_scores import FLOOR
from mmnoisy.datasets import LabelIndex
from mmnoisy.engine.sets import resolve
from mmnoisy.evaluation.thresholds import choose_thresholds

NOT_SEEN = ['--cfg-options', "train_dataloader.dataset=['noisy_set']"]


@pytest.fixture
def weights(small, tmp_path):
    return shutil.copy(small.weights, tmp_path / 'weights.pth')


def truth(small, subset, unverified):
    """Scores, verdicts, classes of a set, and what was rated."""
    index = LabelIndex.open(small.root / 'index' / subset)
    rows = []
    for k in range(len(index)):
        score = scores(small.model, small.root / subset / f'{index.image_ids[k]}.jpg')
        verdicts = dict(zip(*(values.tolist() for values in index.verdicts.row(k))))
        for c in range(6) if verdicts else ():
            if unverified == 'absent' or c in verdicts:
                rows.append((score[c], verdicts.get(c, False), c, c in verdicts))
    return [np.array(column) for column in zip(*rows)]


@pytest.mark.parametrize('unverified', ['absent', 'mask'])
def test_thresholds_and_what_they_reach_on_test(small, weights, capsys, unverified):
    goal = dict(absent=0.2, mask=0.5)[unverified]
    options = ['--method', 'none', '--precision', goal, '--prior', '5', '--unverified', unverified]
    run('calibrate.py', small.config, weights, *options, *NOT_SEEN)
    values = json.loads(Path(weights).with_suffix('.calibration.json').read_text())
    score, present, class_id, _ = truth(small, 'validation', unverified)
    lowest = FLOOR if unverified == 'absent' else 0
    expected = choose_thresholds(score, present, class_id, 6, goal, 5, lowest)
    np.testing.assert_allclose(values['thresholds'], expected, atol=1e-4)
    score, present, class_id, rated = truth(small, 'test', unverified)
    given = score >= np.array(values['thresholds'])[class_id]
    reached = values['figures']['test']
    assert reached['precision'] == pytest.approx(present[given].mean())
    assert reached['recall'] == pytest.approx(given[present].mean())
    assert sum(reached['reliability']['pairs']) == reached['pairs'] == len(score)
    reached = values['figures']['test, rated pairs']
    assert reached['precision'] == pytest.approx(present[given & rated].mean())
    assert reached['pairs'] == rated.sum()
    assert values['figures']['goal'] == dict(precision=goal)
    assert values['figures']['unverified'] == unverified
    assert values['figures']['folds'] == 0
    assert cv2.imread(str(Path(weights).with_suffix('.reliability.png'))).shape[2] == 3
    assert f'{100 * reached["precision"]:.2f} ' in capsys.readouterr().out
    found = MultiLabelInferencer(small.config, weights, 'cpu').thresholds
    np.testing.assert_allclose(found, values['thresholds'], rtol=1e-6)


def test_a_model_that_learned_from_v_is_cross_fitted(small, weights, tmp_path, capsys):
    cfg = resolve(Config.fromfile(small.config))
    cfg.train_cfg = dict(by_epoch=False, max_iters=1)
    cfg.param_scheduler = None
    cfg.log_processor = dict(by_epoch=False)
    cfg.load_from = str(weights)
    cfg.dump(tmp_path / 'short.py')
    options = ['--folds', '2', '--method', 'temperature']
    run('calibrate.py', tmp_path / 'short.py', weights, *options)
    values = json.loads(Path(weights).with_suffix('.calibration.json').read_text())
    assert values['figures']['folds'] == 2
    assert values['figures']['goal'] == 'f1'
    assert values['method']['temperature'] > 0
    assert 'test, rated pairs' in capsys.readouterr().out


def test_without_a_test_set(small, weights, tmp_path, capsys):
    options = ['--method', 'none', '--precision', '0.1', '--prior', '5', *NOT_SEEN]
    path = Path(weights).with_suffix('.calibration.json')
    run('calibrate.py', small.config, weights, *options)
    before = json.loads(path.read_text())
    run('calibrate.py', without_test(small.config, tmp_path), weights, *options)
    values = json.loads(path.read_text())
    assert values['thresholds'] == before['thresholds']
    assert values['figures']['V'] == before['figures']['V']
    assert 'test' not in values['figures']
    assert 'there is no test set: expect what is reached on V' in capsys.readouterr().out


def test_refusals(small, weights, capsys):
    def complaint(*options):
        return refused(capsys, 'calibrate.py', small.config, weights, *options)

    assert '--precision 1.5: is not in (0, 1]' in complaint('--precision', '1.5')
    assert '--precision nan' in complaint('--precision', 'nan')
    assert '--prior 0: is not above 0' in complaint('--prior', '0')
    assert '--folds 1: give 2 or more' in complaint('--folds', '1')
    of_train = ['verified_set.ann_file=index/train', 'verified_set.data_prefix=train']
    options = ['--folds', '0', '--cfg-options', *of_train]
    assert 'index/train: has no verdict' in complaint(*options)
    assert not Path(weights).with_suffix('.calibration.json').exists()
