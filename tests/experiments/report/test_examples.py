import dataclasses

import numpy as np
from synthetic_runs import evaluated_set, one_run

from mmnoisy.experiments.report.examples import RIGHT, UNRATED, WRONG, shown_examples


def test_labels_are_marked_by_the_verdicts():
    evaluated = evaluated_set(num_images=20, num_classes=12, num_examples=1)
    example = dataclasses.replace(evaluated.examples[0], present=[3], absent=[5, 7], noisy=[5, 8])
    evaluated = dataclasses.replace(evaluated, examples=[example])
    run = dataclasses.replace(
        one_run(evaluated, 'joint', 0),
        top=np.array([[5, 3, 8, 7, 1]]),
        top_scores=np.array([[0.9, 0.8, 0.7, 0.6, 0.5]]),
    )
    (shown,) = shown_examples(evaluated, {'joint': run})
    top = shown.top['joint']
    assert [label.name for label in top] == [f'class {k}' for k in (5, 3, 8, 7, 1)]
    assert [label.verdict for label in top] == [WRONG, RIGHT, UNRATED, WRONG, UNRATED]
    assert [label.noisy for label in top] == [True, False, True, False, False]
    assert shown.number('joint', WRONG) == 2
