"""The code on metrics and data sources in docs/extending.md, run as it stands."""

import re
from types import SimpleNamespace

import pytest
from conftest import REPO
from made_index import CONFIG, make_data_set
from mmengine.config import Config
from mmpretrain.registry import METRICS

from mmnoisy import InputError
from mmnoisy.datasets.sources import base, reading
from mmnoisy.datasets.sources.collector import AGAIN, NO_NAME
from mmnoisy.datasets.sources.reading import read_labels, write_labels
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


def test_the_data_source_of_the_page(tmp_path, monkeypatch):
    known = dict(base.SOURCES)
    for module in (base, reading):
        monkeypatch.setattr(module, 'SOURCES', known)
    source = run('A data source')['ColonLists']
    path = tmp_path / 'photos.tags'
    path.write_text('a.jpg: cat, dog\nb.jpg: cat,, cat\nc.jpg:\n: dog\n')
    assert source.recognises(str(path))
    table = read_labels(path, format='colon_lists')
    assert table.images == ['a.jpg', 'b.jpg', 'c.jpg']
    assert table.classes == ['cat', 'dog']
    assert [*zip(table.image, table.label)] == [(0, 0), (0, 1), (1, 0)]
    assert dict(table.account.dropped) == {AGAIN: 1, NO_NAME: 1}
    write_labels(table, tmp_path / 'tags.csv', format='csv')
    again = read_labels(tmp_path / 'tags.csv').to_pandas()
    assert again.equals(table.to_pandas())
    with pytest.raises(InputError, match='not written as lists behind a colon, which is only read'):
        write_labels(table, tmp_path / 'again.tags', format='colon_lists')
