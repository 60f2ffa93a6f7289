"""The queue of a generated data set; its verdicts fed back."""

import json
import re
import runpy
import sys

import numpy as np
import pytest
from conftest import REPO, read_rows
from made_index import make_data_set

from mmnoisy.cleaning import cross_fit
from mmnoisy.datasets import LabelIndex
from mmnoisy.datasets.release.files import ReleaseFile
from mmnoisy.datasets.release.index_builder import read_verdicts

pytest.importorskip('cleanlab')
TOOL = str(REPO / 'tools/review_queue.py')


def run(root, *more):
    files = [str(root / name) for name in ('config.py', 'model.pth')]
    command = [TOOL, *files, '--folds', '2', '--size', '40', '--num-workers', '0', *more]
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(sys, 'argv', command)
        runpy.run_path(TOOL, run_name='__main__')


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('made')
    make_data_set(root, sizes=(120, 60, 60))
    run(root, '--out', str(root / 'review'), '--class-share', '0.2')
    return root


def test_the_queue_holds_labels_of_t_the_most_valuable_first(root):
    rows = read_rows(root / 'review/review.csv')
    assert [int(row['Rank']) for row in rows] == list(range(1, 41))
    index = LabelIndex.open(root / 'index/train')
    place = {i: k for k, i in enumerate(index.image_ids)}
    for row in rows:
        label, value = index.noisy.row(place[row['ImageID']])
        here = label == index.classes.index(row['LabelName'])
        assert value[here] == np.float32(row['Confidence'])
        value = float(row['ProbabilityWrong']) * (1 - float(row['Score']))
        assert float(row['Value']) == pytest.approx(value, abs=2e-4)
    names = [row['LabelName'] for row in rows]
    assert max(names.count(name) for name in names) <= 1 + 0.2 * 39
    assert len({(row['ImageID'], row['LabelName']) for row in rows}) == 40


def test_the_page_asks_for_the_labels_of_the_queue(root):
    text = (root / 'review/index.html').read_text('utf-8')
    (data,) = re.findall(r'id="data">(.*?)</script>', text)
    rows = read_rows(root / 'review/review.csv')
    blank = (root / 'review/verdicts.csv').read_text().splitlines()
    values = json.loads(data)
    assert [values['header'].strip(), *(row for *_, row in values['labels'])] == blank
    for label, row in zip(values['labels'], rows):
        assert label[:3] == [row['DisplayName'], row['ImageID'], None]
        texts = (row[key] for key in ('Confidence', 'Cleaned', 'Score'))
        assert label[3:6] == pytest.approx([*map(float, texts)], abs=1e-4)


def test_the_bar_of_cross_fitting_knows_all_steps(root, monkeypatch):
    bars = set()

    class Bar(cross_fit.tqdm):
        def close(self):  # once more where it is freed
            bars.add((self.n, self.total, self.desc))
            super().close()

    monkeypatch.setattr(cross_fit, 'progress', lambda what, **_: Bar(desc=what, disable=False))
    run(root, '--out', str(root / 'bar'))
    steps = -(-120 // 16)  # an epoch is a pass over T, of 9 images in 10
    ((done, total, desc),) = bars
    assert done == total and done % 2 == 0 and done // 2 >= steps
    assert desc.startswith('cross-fitting, fold 2 of 2')


def test_quality_is_reported_for_every_order(root):
    rows = read_rows(root / 'review/quality.csv')
    assert {row['verdicts'] for row in rows} == {'validation, cross-fitted'}
    assert len({row['order'] for row in rows}) == 6
    for row in rows:
        assert float(row['precision']) == pytest.approx(
            float(row['errors_found']) / int(row['asked']), abs=1e-4
        )


def test_filled_in_verdicts_are_read_and_empty_ones_say_nothing(root, tmp_path):
    lines = (root / 'review/verdicts.csv').read_text().splitlines()
    assert len(lines) == 41
    filled = [lines[0], lines[1] + '1', lines[2] + '0', *lines[3:]]
    (tmp_path / 'filled.csv').write_text('\n'.join(filled) + '\n')
    index = LabelIndex.open(root / 'index/train')
    file = ReleaseFile(tmp_path / 'filled.csv')
    verdicts, account = read_verdicts(file, index.image_ids, index.classes)
    assert account['kept'] == 2
    assert sorted(verdicts.value.tolist()) == [False, True]


def test_folds_do_not_see_their_own_verdicts(root, monkeypatch, capsys):
    """The images that a fold is trained on and those that it scores are V, with none in both."""
    seen = []
    of_fold = cross_fit.fold_of_images(60, 2)
    train = cross_fit.train_on_part

    def watched(cfg, ann_file, images, *more):
        seen.append(images)
        model = train(cfg, ann_file, images, *more)
        assert cfg.train_dataloader.dataset.datasets[1].get('indices') is None
        return model

    monkeypatch.setattr(cross_fit, 'train_on_part', watched)
    run(root, '--out', str(root / 'again'))
    for k, images in enumerate(seen):
        assert not {*images} & {*np.flatnonzero(of_fold == k)}
    assert sorted([*seen[0], *seen[1]]) == list(range(60))
    blocks = [np.load(root / f'again/folds/scores/{k:06d}.npy') for k in (0, 1)]
    for k, pairs in enumerate(blocks):
        assert {*pairs['image']} <= {*np.flatnonzero(of_fold == k)}
    monkeypatch.setattr(cross_fit, 'train_on_part', None)  # finished folds are not trained again
    capsys.readouterr()
    run(root, '--out', str(root / 'again'), '--subset', 'test', '--class-share', '0.01')
    *told, size, _ = capsys.readouterr().out.splitlines()
    num_classes = len(LabelIndex.open(root / 'index/train').classes)
    assert size.endswith(f'a class takes {1 / num_classes:.0%} at most')
    assert len(told) == 12 and all(' errors in 40 labels (' in line for line in told)
    verdicts = {row['verdicts'] for row in read_rows(root / 'again/quality.csv')}
    assert verdicts == {'validation, cross-fitted', 'test, held aside'}


def test_refusals(root, capsys, tmp_path):
    def refused(*more):
        with pytest.raises(SystemExit) as end:
            run(root, '--out', str(tmp_path / 'out'), *more)
        assert end.value.code == 2
        return capsys.readouterr().err

    assert 'give at least 1 and 2' in refused('--folds', '1')
    assert 'V has too few images for that, 60; give 60 at most' in refused('--folds', '61')
    assert 'outside (0, 1]' in refused('--class-share', '0')
    option = '--cfg-options', f'verified_set.ann_file={root}/index/train'
    features = 'verified_set.features=features/train'
    assert 'no verdict' in refused(*option, features)
