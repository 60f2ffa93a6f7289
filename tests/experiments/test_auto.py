"""The choice of a method: on scores made by hand, by models that have not seen the verdicts."""

import numpy as np
import pytest
from made_project import SHORT

from mmnoisy import InputError
from mmnoisy.datasets import LabelIndex
from mmnoisy.datasets.csr import Csr
from mmnoisy.experiments import portfolio
from mmnoisy.experiments.auto import choose
from mmnoisy.experiments.data import Data
from mmnoisy.experiments.portfolio import MEMBERS, METHODS, SOUP
from mmnoisy.experiments.training import Trainer
from mmnoisy.experiments.trials import Trials


@pytest.fixture
def by_hand(monkeypatch):
    """Trials whose scores are the verdicts, right by a share of its own for each candidate."""
    shares, weights = {}, []

    def scores(self, name):
        share = shares.get(self._known[name].key, 0.5)
        wrong = np.random.default_rng(1).random(len(self.pairs.present)) >= share
        return (self.pairs.present ^ wrong).astype(np.float32)

    def cross_fitted(self, name, folds=None, repeat=0):
        fold = self.fold_of_images(repeat)
        here = np.isin(fold, range(self.folds) if folds is None else folds)
        found = np.where(here[self.pairs.image], scores(self, name), np.nan)
        return np.stack([found, found])

    def trained(self, name):
        weights.append(name)
        return self.out / f'{name}.pth'

    monkeypatch.setattr(Trials, 'on_v', scores)
    monkeypatch.setattr(Trials, 'cross_fitted', cross_fitted)
    monkeypatch.setattr(Trials, 'weights', trained)
    shares['weights'] = weights
    return shares


@pytest.mark.parametrize('name', METHODS)
def test_what_scores_best_by_far_is_chosen(made, tmp_path, by_hand, name):
    weights = by_hand.pop('weights')
    by_hand.update({name: 1.0} if name != 'baseline' else {'start_soft': 1.0})
    if name == SOUP:
        by_hand.update(dict.fromkeys(MEMBERS, 1.0))
    # The mean of a member and of another is not surely behind it.
    only = [one for one in METHODS if one != SOUP] if name in MEMBERS else METHODS
    choice = choose(made / 'index', made / 'features', tmp_path, options=SHORT, only=only)
    assert choice.method.name == name
    rows = {row['name']: row for row in choice.tried['methods']}
    assert rows[name]['mean'][0] == pytest.approx(100)
    assert [row['name'] for row in rows.values() if row['chosen']] == [name]
    begins = 'start' if name in ('baseline', 'joint') else 'teacher'
    assert choice.start.stem.startswith(begins)
    assert {choice.start.stem, *choice.members} <= {*weights}
    assert [*choice.members] == ([*MEMBERS[1:]] if name == SOUP else [])


def test_where_all_score_the_same(made, tmp_path, by_hand):
    """The mean, and where it is not asked for the simplest."""
    del by_hand['weights']
    places = made / 'index', made / 'features'
    choice = choose(*places, tmp_path / 'all', options=SHORT)
    assert choice.method.name == SOUP
    assert choice.tried['start'][-1]['chosen']
    others = [name for name in METHODS if name != SOUP]
    assert choose(*places, tmp_path / 'others', 0, SHORT, others).method.name == 'baseline'


def test_the_mean_is_left_for_what_is_surely_ahead(made, tmp_path, by_hand):
    del by_hand['weights']
    by_hand.update(dict.fromkeys(MEMBERS, 0.6), joint=1.0)
    choice = choose(made / 'index', made / 'features', tmp_path, options=SHORT)
    assert choice.method.name == 'joint'


def test_a_method_that_is_asked_for(made, tmp_path, by_hand):
    del by_hand['weights']
    by_hand['joint'] = 0.9
    choice = choose(made / 'index', made / 'features', tmp_path, options=SHORT, only=['joint'])
    assert [row['name'] for row in choice.tried['methods']] == ['joint']
    with pytest.raises(InputError, match=r'--method joit: is none.*joint'):
        choose(made / 'index', made / 'features', tmp_path, only=['joit'])


@pytest.mark.parametrize(
    ('rates', 'factor'),
    [
        ({'': 0.9, '-0_333': 0.7}, 1),
        ({'': 0.7, '-0_333': 0.9, '-0_111': 0.8}, 1 / 3),
        ({'': 0.7, '-0_333': 0.8, '-0_111': 0.9}, 1 / 9),
        ({'': 0.9, '-0_333': 0.7, '-0_111': 1.0}, 1),  # the next one is not looked at
    ],
)
def test_rates(made, tmp_path, by_hand, rates, factor):
    del by_hand['weights']
    by_hand.update({f'finetune_listed{key}': share for key, share in rates.items()})
    choice = choose(made / 'index', made / 'features', tmp_path, options=SHORT, only=['joint'])
    assert choice.method.factor == factor
    optim = choice.config.optim_wrapper
    assert optim.optimizer.lr == pytest.approx(3e-4 * factor)
    assert optim.optimizer.lr * optim.paramwise_cfg.bias_lr_mult == pytest.approx(3e-2)


@pytest.mark.parametrize(
    ('shares', 'chosen'),
    [
        ({'start': 0.9}, 'start'),
        ({'start_soft': 0.9}, 'start_soft'),
        ({'start_soft': 0.6, 'start_soft_fast': 0.9}, 'start_soft_fast'),
        ({}, 'start_soft'),
        ({'start': 0.7, 'start_fast': 0.9}, 'start_fast'),
        ({'start': 0.7, 'start_fast': 0.8, 'start_fast_slow-0_333': 0.9}, 'start_fast_slow'),
        ({'start': 0.9, 'start_fast_slow-0_333': 1.0}, 'start'),
    ],
)
def test_starts(made, tmp_path, by_hand, shares, chosen):
    weights = by_hand.pop('weights')
    by_hand.update(shares)
    choice = choose(made / 'index', made / 'features', tmp_path, options=SHORT, only=['joint'])
    assert {*weights} == {chosen}
    assert choice.config.model.soft_labels == ('soft' in chosen)


def test_no_model_has_seen_what_it_judges(made, tmp_path, monkeypatch):
    trained, judged = [], []
    train, held_out = Trainer.train, Data.held_out

    def recorded_train(self, job, cfg, stage):
        folder = cfg.verified_set.ann_file
        ids = LabelIndex.open(folder).image_ids
        trained.append((job.system, stage, set(ids.tolist()), cfg.load_from))
        return train(self, job, cfg, stage)

    def recorded_held_out(self, images):
        ids = set(self.index('validation').image_ids[images].tolist())
        judged.append((trained[-1], ids))
        return held_out(self, images)

    monkeypatch.setattr(Trainer, 'train', recorded_train)
    monkeypatch.setattr(Data, 'held_out', recorded_held_out)
    names = ['finetune_listed', 'joint']
    choose(made / 'index', made / 'features', tmp_path, 0, SHORT, names)
    whole = set(LabelIndex.open(made / 'index' / 'validation').image_ids.tolist())
    assert len(judged) >= 7
    for (name, stage, seen, start), ids in judged:
        assert not seen & ids
        assert seen | ids == whole
        if name.startswith(
            'finetune_listed'
        ):  # its cleaning network has learned from the same images
            assert f'k{int(stage.split()[1]) - 1}.pth' in start
        else:
            assert 'start' in start


def test_few_and_silent_classes(made, tmp_path):
    """V of two images, one with a single verdict; most classes have none."""
    root = tmp_path / 'few'
    for subset in ('train', 'test'):
        LabelIndex.open(made / 'index' / subset).write(root / subset)
    index = LabelIndex.open(made / 'index' / 'validation')
    rows = np.isin(np.arange(len(index)), [np.argmax(np.diff(index.noisy.start)), 5])
    index = index.select(rows)
    label = np.array([3, 4, 4], np.uint16)
    index.verdicts = Csr(np.array([0, 1, 3]), label[[0, 0, 1]], np.array([True, False, True]))
    index.write(root / 'validation')
    choice = choose(root, made / 'features', tmp_path / 'out', options=SHORT)
    assert choice.method.name in METHODS
    assert choice.trials.folds == 2


@pytest.mark.parametrize('confident', [True, False])
def test_facts_of_t(made, confident):
    index = LabelIndex.open(made / 'index' / 'train')
    if not confident:
        index = LabelIndex(
            index.image_ids,
            index.noisy._replace(value=np.ones_like(index.noisy.value)),
            index.verdicts,
            index.info,
        )
    facts = portfolio.facts(index)
    listed = len(index.noisy.label) / len(index)
    assert facts['confident'] == confident
    assert facts['weight'] == pytest.approx(listed / (12 - listed), rel=0.05)
    names = [one.name for one in portfolio.starts(confident)]
    assert ('start_soft' in names) == confident
