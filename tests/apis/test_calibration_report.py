"""What a calibration reaches, judged on what it was chosen on."""

import numpy as np
import pytest

from mmnoisy import InputError
from mmnoisy.apis import Calibration
from mmnoisy.apis.calibration_report import PARTS, applied, cross_applied, figures
from mmnoisy.apis.verified_scores import SCORED_PAIR


def pairs_of(score, present, image):
    pairs = np.zeros(len(score), SCORED_PAIR)
    pairs['score'], pairs['present'], pairs['image'] = score, present, image
    return pairs


def none_at(threshold):
    return Calibration.none(['a'], float(threshold))


def test_nothing_is_judged_by_what_was_chosen_on_its_image():
    rng = np.random.default_rng(0)
    pairs = pairs_of(rng.random(60), rng.random(60) < 0.5, np.repeat(np.arange(20) * 3, 3))
    chosen_on = []

    def choose(some):
        chosen_on.append({*some['image']})
        return none_at(len(chosen_on) / 10)

    found = cross_applied(choose, pairs)
    assert len(chosen_on) == PARTS
    for pair, probability, given in zip(pairs, *found):
        (k,) = (k for k, images in enumerate(chosen_on) if pair['image'] not in images)
        assert probability == pair['score']
        assert given == (pair['score'] >= (k + 1) / 10)


def best(pairs):
    """The threshold that is right most often."""
    grid = np.unique(pairs['score'])
    right = [((pairs['score'] >= one) == pairs['present']).mean() for one in grid]
    return none_at(grid[np.argmax(right)])


def test_chance_does_not_look_like_skill():
    """Of scores that say nothing the best threshold of each set is better than it will be."""
    rng = np.random.default_rng(1)
    there, across = [], []
    for _ in range(40):
        pairs = pairs_of(rng.random(40), rng.random(40) < 0.5, np.arange(40))
        there.append((applied(best(pairs), pairs).given == pairs['present']).mean())
        across.append((cross_applied(best, pairs).given == pairs['present']).mean())
    spread = np.std(across) / np.sqrt(len(across))
    assert abs(np.mean(across) - 0.5) < 4 * spread < np.mean(there) - 0.5


def test_one_image_cannot_be_parted():
    pairs = pairs_of([0.2, 0.8], [False, True], [0, 0])
    for few in (pairs, pairs[:0]):
        with pytest.raises(InputError, match='one image cannot be parted'):
            cross_applied(best, few)
    reached = figures(pairs, applied(best(pairs), pairs))
    assert (reached['precision'], reached['recall'], reached['f1']) == (1, 1, 1)
