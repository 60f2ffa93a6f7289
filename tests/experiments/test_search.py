import json

import numpy as np
import pytest

from mmnoisy import InputError
from mmnoisy.experiments.comparing import read_recipes
from mmnoisy.experiments.search import Recipe, number_of_trials, search, split

BOTH = ('AP_all', 'MAP')


def scores(of_factor, tried=None):
    """A score that knows the best factor; equal for others of one distance."""

    def score(recipe):
        value = 60.0 - abs(np.log(recipe.factor / of_factor))
        if tried is not None:
            tried.append(recipe)
        return {'AP_all': value, 'MAP': value, 'num_classes': 7}

    return score


@pytest.mark.parametrize('best', [1 / 3, 1.0, 3.0])
def test_the_search_takes_the_best_mean_of_the_measures(best):
    def score(recipe):
        good = recipe.factor == pytest.approx(best)
        return {'AP_all': 50.0 + 2 * good, 'MAP': 60.0 - good}

    found = search(score, BOTH)
    assert found.recipe.factor == pytest.approx(best)
    assert {trial['score'] for trial in found.tried} == {55.0, 55.5}


def test_other_measures_decide_where_the_config_says_so():
    def score(recipe):
        return {'AP_all': recipe.factor, 'F1': -recipe.factor}

    assert search(score, ['F1']).recipe.factor < 1 < search(score, ['AP_all']).recipe.factor


def test_the_configs_own_rates_stay_where_all_is_equal():
    found = search(lambda recipe: {'AP_all': 1.0, 'MAP': 1.0}, BOTH)
    assert found.recipe == Recipe() and not found.at_edge and len(found.tried) == 3


@pytest.mark.parametrize(
    ('best', 'factors', 'at_edge'),
    [
        (1, [1, 1 / 3, 3], False),
        (3, [1, 1 / 3, 3, 9], False),
        (9, [1, 1 / 3, 3, 9, 27], False),
        (27, [1, 1 / 3, 3, 9, 27], True),
        (1 / 3, [1, 1 / 3, 3, 1 / 9], False),
        (1 / 81, [1, 1 / 3, 3, 1 / 9, 1 / 27], True),
    ],
)
def test_the_search_goes_on_beyond_the_edge_and_says_where_it_ends(best, factors, at_edge):
    tried = []
    found = search(scores(best, tried), BOTH)
    assert [recipe.factor for recipe in tried] == pytest.approx(factors)
    assert found.at_edge == at_edge
    assert found.recipe.factor == pytest.approx(min(factors, key=lambda f: abs(np.log(f / best))))


def test_choices_are_tried_first_and_then_the_rates_of_the_best():
    good = {('a', 1): 50.0, ('b', 1): 60.0, ('c', 1): 55.0, ('b', 3): 59.0}

    def score(recipe):
        value = good.get((recipe.choice, round(recipe.factor, 3)), 40.0)
        return {'AP_all': value, 'MAP': value}

    found = search(score, BOTH, ['a', 'b', 'c'])
    assert found.recipe == Recipe(1.0, 'b')
    assert [trial['choice'] for trial in found.tried] == ['a', 'b', 'c', 'b', 'b']
    assert len(found.tried) == number_of_trials(['a', 'b', 'c'])
    assert number_of_trials([]) == 3


def test_a_third_is_held_out():
    rows = np.arange(100, 190)
    parts = split(rows, 7)
    assert len(parts.held) == 30
    assert sorted([*parts.fit, *parts.held]) == rows.tolist()
    assert np.array_equal(parts.held, split(rows, 7).held)
    assert not np.array_equal(parts.held, split(rows, 8).held)
    assert [len(part) for part in split(rows[:1], 0)] == [0, 1]


class WithChoices:
    start = None

    @staticmethod
    def get(key, default=None):
        return {'choices': {'tau 0.6': {}}}.get(key, default)


@pytest.mark.parametrize(
    ('recipes', 'complaint'),
    [
        ('{', 'is no file of recipes'),
        ('[]', 'is no file of recipes'),
        ('{"splc": {"steps": 1}}', 'is no file of recipes'),
        ('{"better": {"factor": 1}}', 'has no recipe of a system that is compared'),
        ('{"splc": {"factor": -1}}', 'factor=-1: give a positive number'),
        ('{"splc": {"choice": "tau 7"}}', "splc has no choice='tau 7'; choices are .'tau 0.6'"),
    ],
)
def test_recipes_that_are_none(tmp_path, recipes, complaint):
    path = tmp_path / 'recipes.json'
    path.write_text(recipes)
    with pytest.raises(InputError, match=complaint):
        read_recipes(path, {'splc': WithChoices})


def test_recipes_of_a_larger_comparison_can_be_given(tmp_path):
    path = tmp_path / 'recipes.json'
    path.write_text(json.dumps({'splc': Recipe(3.0, 'tau 0.6')._asdict(), 'other': {}}))
    assert read_recipes(path, {'splc': WithChoices}) == {'splc': Recipe(3.0, 'tau 0.6')}
