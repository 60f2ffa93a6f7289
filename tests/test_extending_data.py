"""The code on metrics and data sources in docs/extending.md, run as it stands."""

import re
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from conftest import REPO
from made_index import CONFIG, make_data_set
from mmengine.config import Config
from mmpretrain.registry import METRICS

from mmnoisy.datasets import OpenImages
from mmnoisy.engine.runner import build_runner
from mmnoisy.engine.sets import build_set, resolve
from mmnoisy.experiments.evaluation import evaluate
from mmnoisy.experiments.report.results import shared_scores

PAGE = (REPO / 'docs/extending.md').read_text()


def run(section):
    """Executes the Python of a section; what it has defined."""
    names = dict(__name__='my_parts')
    text = PAGE.partition(f'\n## {section}\n')[2].partition('\n## ')[0]
    for block in re.findall(r'```python\n(.*?)```', text, re.DOTALL):
        exec(block, names)
    return names


def test_the_metric_of_the_page(tmp_path, monkeypatch):
    """In a test and in a comparison, beside what NumPy says of the scores."""
    known = {key: kind for key, kind in METRICS.module_dict.items() if key != 'VerifiedPrecision'}
    monkeypatch.setattr(METRICS, '_module_dict', known)
    evaluator = run('A metric')['test_evaluator']
    make_data_set(tmp_path)
    cfg = resolve(Config.fromstring(CONFIG.format(classes=12, dim=8, root=tmp_path), '.py'))
    cfg.work_dir, cfg.launcher, cfg.test_evaluator = str(tmp_path / 'run'), 'none', evaluator
    cfg.load_from = str(tmp_path / 'model.pth')
    runner = build_runner(cfg)
    found = runner.test()
    dataset = build_set(cfg, 'test')
    batch = runner.model.data_preprocessor(dataset.__getitems__(range(len(dataset))))
    chosen = present = 0
    for sample in runner.model(**batch, mode='predict'):
        score = sample.pred_score.detach().numpy()
        present += (score[sample.verified_pos] >= 0.5).sum()
        chosen += (score[[*sample.verified_pos, *sample.verified_neg]] >= 0.5).sum()
    assert 0 < present < chosen
    assert found['precision'] == pytest.approx(100 * present / chosen)
    compared = evaluate(runner.model, dataset, evaluator).metrics
    assert compared == pytest.approx(found)
    run_of_a_comparison = SimpleNamespace(metrics=compared)
    assert shared_scores([run_of_a_comparison]) == ['AP_all', 'MAP', 'precision']


def test_the_data_source_of_the_page(tmp_path):
    table, written = [], {}
    for number, subset in enumerate(['train', 'train', 'validation', 'test']):
        picture = tmp_path / 'my pictures' / f'{"häuser"[: number + 2]} {number}.jpg'
        picture.parent.mkdir(exist_ok=True)
        pixels = np.full((8, 9, 3), 50 * number, np.uint8)
        picture.write_bytes(cv2.imencode('.jpg', pixels)[1].tobytes())
        table.append((subset, picture, 'machine', 'a house, old', 0.5 + number / 10))
        if subset != 'train':
            table += [(subset, picture, 'human', name, k) for k, name in enumerate(('cat', 'dog'))]
        written[50 * number] = (subset, 0.5 + number / 10)
    indexes = run('A data source')['index_of'](table, tmp_path / 'mine')
    assert {subset: len(index) for subset, index in indexes.items()} == {
        'train': 2,
        'validation': 1,
        'test': 1,
    }
    pipeline = [
        dict(type='LoadPicture'),
        dict(type='PackInputs', algorithm_keys=OpenImages.LABEL_KEYS),
    ]
    for subset in indexes:
        dataset = OpenImages(f'index/{subset}', str(tmp_path / 'mine'), subset, pipeline)
        assert dataset.metainfo['class_names'] == ('a house, old', 'cat', 'dog')
        for sample in (dataset[i] for i in range(len(dataset))):
            fields = sample['data_samples']
            expected = written.pop(round(float(sample['inputs'].float().mean())))
            assert (subset, pytest.approx(fields.noisy_score.item())) == expected
            assert fields.noisy_label.tolist() == [0]
            assert fields.verified_pos.tolist() == ([] if subset == 'train' else [2])
            assert fields.verified_neg.tolist() == ([] if subset == 'train' else [1])
    assert not written
