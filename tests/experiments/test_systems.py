"""The configs of the systems: what they start from, and the rule of their schedules."""

import pytest
from made_grid import systems_of

from mmnoisy import InputError
from mmnoisy.engine.sets import trained_on
from mmnoisy.experiments.search import Recipe
from mmnoisy.experiments.settings import choices_of, number_of_steps, settings_of
from mmnoisy.experiments.systems import AUTO, BASELINES, PAPER, SYSTEMS, names, to_train

BOUNDS = ['bound_verdicts', 'bound_truth']


@pytest.fixture(scope='module')
def systems(made):
    return systems_of(made, SYSTEMS, {}, BOUNDS)


def test_every_system_comes_after_the_one_it_starts_from(systems):
    order = [*systems]
    assert {*SYSTEMS} <= {*order}
    for name, system in systems.items():
        assert system.start is None or order.index(system.start) < order.index(name)


def test_each_gives_its_rows(systems):
    rows = [row for name in names(False, BOUNDS) for row in systems[name].rows]
    assert rows == [
        'baseline',
        'finetune_clean',
        'finetune_mixed',
        'misra_visual',
        'misra_relevance',
        'joint_pretrained',
        'joint',
        'bound_verdicts',
        'bound_truth',
    ]
    assert not systems['pretrain_cleaner'].rows and not systems['asl_mixed'].rows


def test_what_goes_beyond_the_paper_is_asked_for():
    assert not {'best', AUTO, *BASELINES} & {*names(False, BOUNDS)}
    assert {*names(True, BOUNDS)} == {*SYSTEMS, AUTO}
    assert {*SYSTEMS} - {*names(True, [])} == {*BOUNDS, 'bound_verdicts_best'}
    assert {*PAPER} - {*names(False, ['bound_truth'])} == {'bound_verdicts'}


def test_chosen_systems_bring_what_they_and_their_search_start_from(systems):
    assert to_train(['best'], systems) == ['baseline_soft', 'best_cleaner', 'best']
    assert to_train(['splc'], systems) == ['baseline', 'splc_mixed', 'splc']
    bound = to_train(['bound_verdicts_best'], systems)
    assert bound == ['baseline_soft', 'bound_verdicts_best']


@pytest.mark.parametrize(
    ('name', 'sizes', 'batch_size', 'wanted'),
    [
        ('baseline', (20_000, 2_500), None, (1000, 1e-3, 3e-3)),
        ('baseline', (9_000_000, 2_500), None, (35_157, 1e-3, 3e-3)),  # one pass
        ('finetune_clean', (20_000, 2_500), None, (500, 3e-4, 3e-2)),
        ('joint', (20_000, 2_500), None, (1500, 3e-4, 3e-2)),
        ('joint', (20_000, 2_500), 64, (6000, 1.5e-4, 1.5e-2)),  # as many images, half the rates
        ('misra', (20_000, 2_500), 1024, (375, 6e-4, 6e-2)),
        ('finetune_listed', (20_000, 300), None, (59, 3e-4, 3e-2)),  # 50 passes
        ('finetune_listed', (20_000, 2_600), None, (500, 3e-4, 3e-2)),
        ('splc', (20_000, 2_500), None, (500, 3e-4, 3e-2)),
    ],
)
def test_the_rule(systems, name, sizes, batch_size, wanted):
    steps, lr, bias_lr = wanted
    of_sets = dict(zip(('train', 'validation'), sizes))
    assert number_of_steps(systems[name].cfg, of_sets, batch_size) == steps
    optim = settings_of(systems, name, Recipe(), 0, batch_size).optim_wrapper
    assert optim.optimizer.lr == pytest.approx(lr)
    bias = optim.optimizer.lr * optim.paramwise_cfg.bias_lr_mult
    assert bias == pytest.approx(bias_lr)


def test_a_recipe_changes_the_rates_of_the_weights_and_the_choice(systems):
    found = settings_of(systems, 'splc', Recipe(3.0, 'tau 0.8'), 5)
    assert found.model.head.loss.tau == 0.8
    assert found.optim_wrapper.optimizer.lr == pytest.approx(9e-4)
    bias = found.optim_wrapper.optimizer.lr * found.optim_wrapper.paramwise_cfg.bias_lr_mult
    assert bias == pytest.approx(3e-2)
    assert found.randomness.seed == 5
    assert 'tau' not in systems['splc'].cfg.model.head.loss


@pytest.mark.parametrize('name', BASELINES)
def test_other_methods_learn_from_both_and_then_from_v(systems, name):
    first = systems[systems[name].start]
    assert trained_on(first.cfg) == ('train', 'validation')
    assert trained_on(systems[name].cfg) == ('validation',)
    assert first.get('judged_by') == name
    choices = choices_of(systems, name)
    assert len(choices) > 1 and not next(iter(choices.values()))  # the first is the config's own


@pytest.mark.parametrize(
    ('name', 'complaint'),
    [
        ('better', '--systems better: is no system; systems are baseline'),
        ('bound_verdicts_best', 'bound_verdicts_best: give --bound-verdicts CSV'),
        ('bound_truth', 'bound_truth: give --bound-truth CSV'),
        ('gone.py', 'gone.py: there is no such config file'),
    ],
)
def test_wrong_names_end_in_one_sentence(made, name, complaint):
    with pytest.raises(InputError, match=complaint):
        systems_of(made, [name])
