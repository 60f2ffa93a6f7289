import shutil

import numpy as np
import pytest
import torch
from made_index import make_data_set
from mmengine.registry import init_default_scope
from mmnoisy.experiments.banks import Banks
from mmnoisy.experiments.experiment import Experiment, Job
from mmnoisy.experiments.recipes import LR_FACTORS, Recipe, default_recipe

from mmnoisy import InputError
from mmnoisy.experiments import experiment as module
from mmnoisy.experiments.runs import ARRAYS
from mmnoisy.experiments.systems import SYSTEMS, build_model, systems

SMALL = Recipe(steps=3, lr=0.01, bias_lr=0.02, cleaning_lr=0.03, batch_size=20)
STILL = Recipe(steps=1, lr=1e-30, bias_lr=1e-30, cleaning_lr=1e-30, batch_size=20)
GIVEN = dict.fromkeys(SYSTEMS, SMALL)
NAMES = systems([])


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    init_default_scope('mmpretrain')
    root = tmp_path_factory.mktemp('made')
    make_data_set(root)
    return root


@pytest.fixture(scope='module')
def banks(made):
    return Banks(made / 'index', made / 'features')


@pytest.fixture(scope='module')
def whole(banks, tmp_path_factory):
    """A finished comparison: its folder and its runs."""
    out = tmp_path_factory.mktemp('whole')
    return out, Experiment(banks, out, NAMES, [0], [20, 60], [1, 2], given=GIVEN).run()


@pytest.fixture
def trained(monkeypatch):
    """The number of trainings so far; raises in the one with the number ``stop``."""

    class Count:
        number, stop = 0, None

    train = module.train

    def counting(*args, **kwargs):
        Count.number += 1
        if Count.number == Count.stop:
            raise KeyboardInterrupt
        train(*args, **kwargs)

    monkeypatch.setattr(module, 'train', counting)
    return Count


def check_equal(found, wanted):
    assert len(found) == len(wanted)
    for a, b in zip(found, wanted):
        assert (a.method, a.seed, a.verified, a.metrics) == (
            b.method,
            b.seed,
            b.verified,
            b.metrics,
        )
        for name in ARRAYS:
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


def test_all_rows_at_all_sizes(whole):
    rows = {(run.method, run.verified) for run in whole[1]}
    methods = {method for name in NAMES for method in SYSTEMS[name].methods}
    assert rows == {(method, size) for method in methods for size in (20, 60)}
    baselines = [run.scores for run in whole[1] if run.method == 'baseline']
    assert np.array_equal(*baselines)  # needs no verified image, and is trained once
    assert not list(whole[0].glob('runs/.*'))


def test_nothing_is_done_twice(banks, whole, trained):
    again = Experiment(banks, whole[0], NAMES, [0], [20, 60], [1, 2], given=GIVEN)
    check_equal(again.run(), whole[1])
    assert trained.number == 0


def test_an_interrupted_comparison_ends_as_an_uninterrupted_one(banks, whole, trained, tmp_path):
    def go():
        return Experiment(banks, tmp_path, NAMES, [0], [20, 60], [1, 2], given=GIVEN).run()

    trained.stop = 6
    with pytest.raises(KeyboardInterrupt):
        go()
    assert len(list(tmp_path.glob('runs/*/weights.pth'))) == 5
    check_equal(go(), whole[1])


def test_more_seeds_add_runs(banks, whole, trained, tmp_path):
    out = shutil.copytree(whole[0], tmp_path / 'out')
    runs = Experiment(banks, out, NAMES, [0, 1], [20, 60], [1, 2], given=GIVEN).run()
    check_equal([run for run in runs if run.seed == 0], whole[1])
    assert trained.number == 2 + 5 * 2  # of T alone once, the others at each size
    both = [run.scores for run in runs if (run.method, run.verified) == ('joint', 60)]
    assert not np.array_equal(*both)


@pytest.mark.parametrize(
    ('what', 'change'),
    [
        ('recipes', dict(given={**GIVEN, 'joint': STILL})),
        ('batch_size', dict(batch_size=7, given=GIVEN)),
        ('first_seed', dict(seeds=[4], given=GIVEN)),
    ],
)
def test_the_folder_of_another_comparison_is_refused(banks, whole, what, change):
    settings = {**dict(seeds=[0], sizes=[60], examples=[1, 2]), **change}
    with pytest.raises(InputError, match=rf'{whole[0]}: holds .* \({what} differ\); give another'):
        Experiment(banks, whole[0], NAMES, **settings)


def test_other_labels_in_the_same_folder_are_refused(made, whole, tmp_path):
    root = shutil.copytree(made, tmp_path / 'data')
    path = root / 'index/test/verdicts_value.npy'
    np.save(path, ~np.load(path))
    banks = Banks(root / 'index', root / 'features')
    with pytest.raises(InputError, match=r'\(labels differ\)'):
        Experiment(banks, whole[0], NAMES, [0], [60], given=GIVEN)


def test_a_system_goes_on_from_the_weights_of_another(banks, tmp_path):
    given = {**dict.fromkeys(SYSTEMS, STILL), 'baseline': SMALL}
    names = ['baseline', 'finetune_clean', 'joint']
    runs = Experiment(banks, tmp_path, names, [0], [60], given=given).run()
    for run in runs[1:]:
        np.testing.assert_allclose(run.scores, runs[0].scores, atol=1e-5)


def test_new_layers_are_not_touched_by_the_scaling_of_the_others(banks, whole):
    experiment = Experiment(banks, whole[0], NAMES, [0], [20, 60], [1, 2], given=GIVEN)
    experiment._bar = type('Bar', (), {'update': staticmethod(lambda: None)})
    found = experiment._train(Job('joint', 60, 0), STILL, np.arange(60)).cleaning_head
    torch.manual_seed(0)
    fresh = build_model(SYSTEMS['joint'], 12, 8).cleaning_head
    for name, value in found.state_dict().items():
        torch.testing.assert_close(value, fresh.state_dict()[name], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('method', ['joint', 'misra_visual', 'misra_relevance'])
@torch.no_grad()
def test_the_weights_are_for_features_as_they_are(banks, whole, method):
    out, runs = whole
    name, size = ('joint', 60) if method == 'joint' else ('misra', 0)
    (run,) = (run for run in runs if (run.method, run.verified) == (method, 60))
    weights = torch.load(out / f'runs/{name}-v{size}-s0/weights.pth', weights_only=True)
    model = build_model(SYSTEMS[name], 12, 8).eval()
    model.load_state_dict(weights['state_dict'])
    for attribute, value in SYSTEMS[name].methods[method].items():
        setattr(model.head, attribute, value)
    batch = banks.test.__getitems__(range(60))
    predicted = model.predict(batch['inputs'].float(), batch['data_samples'])
    verdicts = banks.test.index.verdicts
    wanted = [s.pred_score[verdicts.row(i)[0].astype(int)] for i, s in enumerate(predicted)]
    np.testing.assert_allclose(run.scores, torch.cat(wanted), atol=1e-5)


def test_a_search_is_kept_and_used(banks, tmp_path, monkeypatch, trained):
    monkeypatch.setattr(module, 'default_recipe', lambda *_: SMALL)
    experiment = Experiment(banks, tmp_path, ['baseline'], [0], [60])
    experiment.run()
    assert trained.number == 3 + 1
    chosen = experiment.recipe('baseline', 60)
    assert chosen in [SMALL.at(factor) for factor in LR_FACTORS]
    again = Experiment(banks, tmp_path, ['baseline'], [0], [60])
    assert again.recipe('baseline', 60) == chosen
    assert trained.number == 4


def test_v_too_small_for_a_search_is_trained_by_the_rule(banks, tmp_path):
    experiment = Experiment(banks, tmp_path, NAMES, [0], [1])
    rule = default_recipe(SYSTEMS['finetune_clean'], 1)
    assert experiment.recipe('finetune_clean', 1) == rule


def test_systems_tuned_alike_share_the_factor(banks, tmp_path):
    rule = default_recipe(SYSTEMS['joint'], 360)
    experiment = Experiment(banks, tmp_path, NAMES, [0], [60], given={'joint': rule.at(3)})
    found = experiment.recipe('pretrain_cleaner', 60)
    own = default_recipe(SYSTEMS['pretrain_cleaner'], 60)
    assert found.steps == own.steps
    assert found.lr == pytest.approx(3 * own.lr)
    assert found.cleaning_lr == pytest.approx(3 * own.cleaning_lr)
