from dataclasses import replace

import numpy as np
import pytest
from mmnoisy.experiments.recipes import LR_FACTORS, Recipe, default_recipe
from mmnoisy.experiments.searching import number_of_trials, search, split

from mmnoisy import InputError
from mmnoisy.experiments.systems import SYSTEMS, systems


@pytest.mark.parametrize(
    ('system', 'images', 'batch_size', 'recipe'),
    [
        ('baseline', 20_000, 256, (1000, 1e-3, 3e-3)),
        ('baseline', 9_000_000, 256, (35_157, 1e-3, 3e-3)),  # one pass
        ('finetune_clean', 2_500, 256, (500, 3e-4, 3e-2)),
        ('joint', 22_500, 256, (1500, 3e-4, 3e-2)),
        ('joint', 22_500, 64, (6000, 1.5e-4, 1.5e-2)),  # as many images, half the rates
        ('misra', 20_000, 1024, (375, 6e-4, 6e-2)),
        ('finetune_listed', 300, 256, (59, 1e-4, 3e-2)),  # 50 passes
        ('finetune_listed', 2_600, 256, (500, 1e-4, 3e-2)),
    ],
)
def test_the_rule(system, images, batch_size, recipe):
    steps, lr, bias_lr = recipe
    found = default_recipe(SYSTEMS[system], images, batch_size)
    assert (found.steps, found.batch_size) == (steps, batch_size)
    assert (found.lr, found.bias_lr, found.cleaning_lr) == pytest.approx((lr, bias_lr, lr))


def test_a_factor_changes_the_rates_of_the_weights():
    assert Recipe(5, 0.1, 0.2, 0.4, 8).at(0.5) == Recipe(5, 0.05, 0.2, 0.2, 8)


@pytest.mark.parametrize(
    'wrong', [dict(steps=0), dict(steps=1.5), dict(lr=0), dict(bias_lr='a'), dict(batch_size=-1)]
)
def test_a_recipe_of_nonsense_is_refused(wrong):
    ((name, value),) = wrong.items()
    with pytest.raises(InputError, match=f'{name}={value!r}: give a positive'):
        Recipe(**{**dict(steps=1, lr=1.0, bias_lr=1.0, cleaning_lr=1.0), **wrong})


def test_every_system_comes_after_the_one_it_starts_from():
    names = systems(['bound_truth'])
    assert 'bound_verdicts' not in names
    for place, name in enumerate(names):
        assert SYSTEMS[name].start is None or SYSTEMS[name].start in names[:place]


@pytest.mark.parametrize('best', LR_FACTORS)
def test_the_search_takes_the_best_mean_of_both_measures(best):
    default = Recipe(1, 1.0, 1.0, 1.0)

    def score(recipe):
        good = recipe.lr == best
        return {'AP_all': 50.0 + 2 * good, 'MAP': 60.0 - good}

    recipe, tried = search(default, score)
    assert recipe == default.at(best)
    assert [trial['factor'] for trial in tried] == list(LR_FACTORS)
    assert {trial['score'] for trial in tried} == {55.0, 55.5}


def test_the_search_keeps_the_rule_where_all_is_equal():
    default = Recipe(1, 1.0, 1.0, 1.0)
    assert search(default, lambda recipe: {'AP_all': 1.0, 'MAP': 1.0})[0] == default


def test_a_third_is_held_out():
    rows = np.arange(100, 190)
    parts = split(rows, 7)
    assert len(parts.held) == 30
    assert sorted([*parts.fit, *parts.held]) == rows.tolist()
    assert np.array_equal(parts.held, split(rows, 7).held)
    assert not np.array_equal(parts.held, split(rows, 8).held)
    assert [len(part) for part in split(rows[:1], 0)] == [0, 1]


def test_choices_are_tried_first_and_then_the_rates_of_the_best():
    default = Recipe(1, 1.0, 1.0, 1.0)
    good = {('a', 1): 50.0, ('b', 1): 60.0, ('c', 1): 55.0, ('b', 3): 61.0}

    def score(recipe):
        value = good.get((recipe.choice, round(recipe.lr, 3)), 40.0)
        return {'AP_all': value, 'MAP': value}

    recipe, tried = search(default, score, ['a', 'b', 'c'])
    assert recipe == replace(default.at(3.0), choice='b')
    assert [trial['choice'] for trial in tried] == ['a', 'b', 'c', 'b', 'b']
    assert len(tried) == number_of_trials(['a', 'b', 'c'])
    assert number_of_trials([]) == len(LR_FACTORS)


def test_a_recipe_is_kept_as_what_makes_it():
    plain = Recipe(5, 0.1, 0.2, 0.4, 8)
    assert 'choice' not in plain.to_dict()
    for recipe in (plain, replace(plain, choice='tau 0.8')):
        assert Recipe(**recipe.to_dict()) == recipe
        assert recipe.at(2).choice == recipe.choice


def test_what_begins_at_random_in_a_cleaning_head_learns_faster():
    found = default_recipe(SYSTEMS['best_cleaner'], 2_500)
    assert found.cleaning_lr == pytest.approx(10 * found.lr)


def test_what_goes_beyond_the_paper_is_asked_for():
    assert not {'best', 'asl'} & {*systems(['bound_verdicts'])}
    wanted = {'best_cleaner', 'best', 'bound_verdicts_best', 'asl'}
    assert wanted <= {*systems(['bound_verdicts'], beyond=True)}
    assert 'bound_verdicts_best' not in systems([], beyond=True)
