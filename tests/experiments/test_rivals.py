"""Systems of other papers on a generated data set: trained, searched, filtered, finished on V."""

import numpy as np
import pytest
import torch
from made_index import make_data_set
from mmengine.registry import init_default_scope
from mmnoisy.experiments.banks import Banks
from mmnoisy.experiments.evaluating import all_scores
from mmnoisy.experiments.experiment import Experiment, Job
from mmnoisy.experiments.recipes import Recipe
from mmnoisy.experiments.rivals import RIVALS
from mmnoisy.experiments.searching import number_of_trials

from mmnoisy import InputError
from mmnoisy.datasets import LabelIndex
from mmnoisy.datasets.csr import Csr
from mmnoisy.experiments import experiment as module
from mmnoisy.experiments import filtering
from mmnoisy.experiments.systems import SYSTEMS, build_model, systems

SMALL = Recipe(steps=3, lr=0.01, bias_lr=0.02, cleaning_lr=0.03, batch_size=20)
GIVEN = dict.fromkeys(SYSTEMS, SMALL)


@pytest.fixture(scope='module')
def banks(tmp_path_factory):
    init_default_scope('mmpretrain')
    root = tmp_path_factory.mktemp('made')
    make_data_set(root)
    return Banks(root / 'index', root / 'features')


def experiment_of(banks, out, names, given=GIVEN):
    experiment = Experiment(banks, out, names, [0], [60], given=given)
    experiment._bar = type('Bar', (), {'update': staticmethod(lambda: None)})
    return experiment


def test_rivals_are_compared_only_when_asked_for():
    assert not {*RIVALS} & {*systems(['bound_truth'])}
    assert {*systems([], beyond=True)} >= {*systems([])} | {*RIVALS}


def test_every_rival_gives_its_row(banks, tmp_path):
    names = ['baseline', *RIVALS]
    runs = experiment_of(banks, tmp_path, names).run()
    assert [run.method for run in runs] == names
    scores = [run.scores for run in runs]
    for k, run in enumerate(runs):
        assert np.isfinite(run.scores).all()
        assert not any(np.array_equal(run.scores, other) for other in scores[:k]), run.method
        assert (run.cleaned is not None) == (run.method == 'mlc')


@pytest.mark.parametrize('name', sorted({*RIVALS} - {'cleanlab_filter'}))
def test_every_choice_changes_the_result(banks, tmp_path, name):
    """No choice is one in name only; a learning rate apart, all is equal."""
    experiment = experiment_of(banks, tmp_path, ['baseline', name])
    experiment.run()
    found = []
    for choice in SYSTEMS[name].choices:
        recipe = Recipe(120, 0.01, 0.02, 0.03, 40, choice)
        model = experiment._train(Job(name, 60, 0), recipe, np.arange(60))
        found.append(torch.cat([p.detach().flatten() for p in model.head.parameters()]))
    assert len(found) > 1
    for k, one in enumerate(found):
        assert not any(torch.equal(one, other) for other in found[:k])


def test_the_first_choice_is_the_rule():
    for name in RIVALS:
        system = SYSTEMS[name]
        assert system.chosen(next(iter(system.choices))) == system == system.chosen('')


def test_a_choice_that_is_none_is_refused():
    with pytest.raises(InputError, match=r"choice='tau 7': is none .*'tau 0.6', 'tau 0.8'"):
        SYSTEMS['splc'].chosen('tau 7')


def test_the_search_tries_the_choices_and_keeps_the_best(banks, tmp_path, monkeypatch):
    monkeypatch.setattr(module, 'default_recipe', lambda *_: SMALL)
    given = dict.fromkeys(('baseline', 'finetune_clean'), SMALL)
    experiment = experiment_of(banks, tmp_path, ['baseline', 'splc'], given)
    experiment._finish(Job('baseline', 0, 0))
    tried = []
    train = experiment._train

    def recorded(job, recipe, verified):
        tried.append((recipe.choice, round(recipe.lr / SMALL.lr, 3), len(verified)))
        return train(job, recipe, verified)

    monkeypatch.setattr(experiment, '_train', recorded)
    chosen = experiment.recipe('splc', 60)
    assert len(tried) == number_of_trials([*SYSTEMS['splc'].choices]) == 4
    assert [part[:2] for part in tried[:2]] == [('tau 0.6', 1.0), ('tau 0.8', 1.0)]
    assert {part[0] for part in tried[2:]} == {chosen.choice}
    assert {part[2] for part in tried} == {40}  # a third of V is not trained on
    assert experiment_of(banks, tmp_path, ['splc'], given).recipe('splc', 60) == chosen


def test_the_steps_are_counted_before(banks, tmp_path, monkeypatch):
    names = ['baseline', 'finetune_clean', 'splc', 'cleanlab_filter']
    experiment = experiment_of(banks, tmp_path, names)
    promised, done = experiment._steps_left(), []
    train = module.train

    def counted(model, data, scaling, recipe, *more):
        done.append(recipe.steps)
        train(model, data, scaling, recipe, *more)

    monkeypatch.setattr(module, 'train', counted)
    experiment.run()
    assert sum(done) == promised == 3 * (1 + 1 + 2 + 2 + 2 * 2)


def test_probabilities_are_out_of_sample(banks, tmp_path, monkeypatch):
    """A label that a model has seen does not decide whether it is wrong."""
    experiment = experiment_of(banks, tmp_path, ['baseline', 'cleanlab_filter'])
    seen = []
    part_of_t = banks.part_of_t

    def recorded(rows, test_mode=False):
        seen.append(({*rows.tolist()}, test_mode))
        return part_of_t(rows, test_mode)

    monkeypatch.setattr(banks, 'part_of_t', recorded)
    experiment._filtered({'add': False}, np.arange(60), Job('cleanlab_filter', 60, 0))
    pairs = [*zip(seen[::2], seen[1::2])]
    assert len(pairs) == filtering.FOLDS
    for (trained, _), (judged, test_mode) in pairs:
        assert test_mode and not trained & judged
        assert len(trained | judged) == 300
    assert set().union(*(judged for _, (judged, _) in pairs)) == {*range(300)}


def test_all_scores_are_those_of_the_model(banks):
    torch.manual_seed(0)
    model = build_model(SYSTEMS['baseline'], 12, 8)
    scores = all_scores(model, banks.part_of_t(np.arange(5, 9), True), banks.scaling)
    features = torch.from_numpy(banks.source('T').banks[0].features[5:9, 0].copy())
    with torch.no_grad():
        wanted = torch.sigmoid(model.head.fc(banks.scaling(features)))
    np.testing.assert_allclose(scores, wanted, atol=1e-6)


def labelled(num_images=400, num_classes=5, flipped=0.1, seed=0):
    """Labels of which some are wrong, probabilities that know the truth, and the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.random((num_images, num_classes)) < 0.4
    truth[:, -1] = False  # a class without a label
    wrong = rng.random(truth.shape) < flipped
    wrong[:, -1] = False
    given = truth ^ wrong
    scores = np.clip(np.where(truth, 0.9, 0.1) + 0.05 * rng.normal(size=truth.shape), 0, 1)
    image, label = np.nonzero(given)
    start = np.searchsorted(image, np.arange(num_images + 1))
    noisy = Csr(start, label.astype(np.uint16), rng.random(len(label)).astype(np.float32))
    none = Csr(np.zeros(num_images + 1, np.int64), label[:0], np.zeros(0, bool))
    ids = np.arange(num_images, dtype=np.uint64)
    return LabelIndex(ids, noisy, none, {'classes': ['a'] * num_classes}), scores, given, truth


def dense(index, shape):
    found = np.zeros(shape, bool)
    for i in range(shape[0]):
        found[i, index.noisy.row(i)[0]] = True
    return found


def test_wrong_labels_are_taken_out_and_missing_ones_put_in():
    index, scores, given, truth = labelled()
    removed = dense(filtering.filtered(index, scores, add=False), truth.shape)
    assert not (removed & ~given).any()
    mended = dense(filtering.filtered(index, scores, add=True), truth.shape)
    # Confident learning counts as many errors as there are, and finds them by their scores.
    assert (removed != truth)[given].sum() < 0.1 * (given != truth)[given].sum()
    assert (mended != truth).sum() < 0.1 * (given != truth).sum()
    assert not mended[:, -1].any()


def test_what_stays_keeps_its_confidence():
    index, scores, _, _ = labelled(flipped=0.2)
    found = filtering.filtered(index, scores, add=True)
    added = 0
    for i in range(400):
        before = dict(zip(*index.noisy.row(i)))
        for label, value in zip(*found.noisy.row(i)):
            assert value == before.get(label, 1)
            added += label not in before
        assert (np.diff(found.noisy.row(i)[0].astype(int)) > 0).all()
    assert added


def test_other_labels_replace_those_of_t_alone(banks):
    labels = banks.readable
    empty = Csr(np.zeros_like(labels.noisy.start), labels.noisy.label[:0], labels.noisy.value[:0])
    other = LabelIndex(labels.image_ids, empty, labels.verdicts, labels.info)
    batch = banks.mix(('T', 'V'), np.arange(60), other).__getitems__([3, 301])['data_samples']
    assert len(batch[0]['noisy_label']) == 0
    assert len(batch[1]['verified_pos']) + len(batch[1]['verified_neg'])
    assert len(banks.source('T').__getitems__([3])['data_samples'][0]['noisy_label'])
