from mmnoisy.experiments.report.methods import MOST_DRAWN, drawn, is_bound, methods_of
from mmnoisy.experiments.systems import AUTO, BASELINES, SYSTEMS

ROWS = [
    row
    for name in (*SYSTEMS, AUTO)
    for row in (('misra_visual', 'misra_relevance') if name == 'misra' else (name,))
]
BOUNDS = ('bound_verdicts', 'bound_truth', 'bound_verdicts_best')


def test_every_row_has_a_name_and_looks_of_its_own():
    methods = methods_of(ROWS)
    assert all(method.name != method.key for method in methods.values())
    assert len({method.name for method in methods.values()}) == len(ROWS)
    assert len({method.colour for method in methods.values()}) == len(ROWS)
    assert len({(method.marker, method.line) for method in methods.values()}) >= len(ROWS) - 1


def test_other_papers_come_between_the_paper_and_the_bounds():
    keys = [*methods_of(ROWS)]
    places = [keys.index(name) for name in BASELINES]
    assert min(places) == keys.index('joint') + 1
    assert max(places) < keys.index('best') < min(map(keys.index, BOUNDS))


def test_few_are_all_drawn():
    methods = methods_of(ROWS[:MOST_DRAWN])
    assert drawn(methods, {}) == methods


def test_of_many_the_best_are_drawn_in_their_order():
    methods = methods_of(ROWS)
    score = {key: place for place, key in enumerate(methods)}
    score['misra_visual'] = 1000
    found = drawn(methods, score)
    assert len(found) == MOST_DRAWN
    assert {'baseline', 'finetune_clean', 'joint', 'misra_visual'} <= {*found}
    assert {key for key in found if is_bound(found[key])} == {*BOUNDS}
    left_out = {*methods} - {*found}
    chosen = {*found} - {'baseline', 'finetune_clean', 'joint', *BOUNDS}
    assert min(score[key] for key in chosen) > max(score[key] for key in left_out)
    assert [*found] == [key for key in methods if key in found]
