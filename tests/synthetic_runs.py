"""Runs as a comparison makes them, with the noise and the gains of real ones, in milliseconds."""

import math

import cv2
import numpy as np

from mmnoisy.evaluation import VerifiedAveragePrecision
from mmnoisy.evaluation.verified_average_precision import VERIFIED_PAIR
from mmnoisy.experiments.runs import Evaluated, Example, Run

SKILL = {
    'baseline': 1.6,
    'misra_visual': 1.57,
    'misra_relevance': 1.59,
    'finetune_mixed': 1.68,
    'finetune_clean': 1.95,
    'joint_pretrained': 2.02,
    'joint': 2.03,
    'bound_verdicts': 2.2,
    'bound_truth': 2.4,
}
METHODS = tuple(SKILL)
CATEGORIES = (('animal',), ('food',), ('vehicle', 'product'), ('plant',), ())


def evaluated_set(
    num_images=400, num_classes=60, num_examples=8, pictures=None, seed=0, is_open_images=False
):
    """A test index of about five verified pairs an image.

    Args:
        num_images: of the index.
        num_classes: the last of them has no positive and no category.
        num_examples: images to look at.
        pictures: folder to write their pictures into; None for no pictures.
        seed: of everything random.
        is_open_images: whether the paper's figures are of it.
    """
    rng = np.random.default_rng(seed)
    frequency = np.sort(rng.lognormal(4, 1.3, num_classes).astype(int) + 1)[::-1]
    correct = rng.beta(2, 1.2, num_classes)
    chance = frequency**0.5 / (frequency**0.5).sum()
    rows = [rng.choice(num_classes, 5, replace=False, p=chance) for _ in range(num_images)]
    class_id = np.concatenate(rows)
    present = (rng.random(len(class_id)) < correct[class_id]) & (class_id < num_classes - 1)
    noisy = rng.random(len(class_id)) < 0.95
    right = np.bincount(class_id, present & noisy, num_classes)
    rated = np.bincount(class_id, noisy, num_classes)
    quality = np.divide(right, rated, out=np.full(num_classes, np.nan), where=rated > 0)
    examples = []
    for row in range(num_examples):
        image_id, picture = f'{row + 1:016x}', None
        if pictures is not None:
            picture = pictures / f'{image_id}.jpg'
            pixels = cv2.resize(rng.integers(256, size=(4, 5, 3), dtype=np.uint8), (320, 256))
            assert cv2.imwrite(str(picture), pixels)
        of_row = slice(5 * row, 5 * row + 5)
        ids, verdict = class_id[of_row], present[of_row]
        examples.append(Example(image_id, picture, ids[verdict], ids[~verdict], ids[noisy[of_row]]))
    return Evaluated(
        class_names=[f'class {k}' for k in range(num_classes)],
        class_categories=[CATEGORIES[k % 5] for k in range(num_classes - 1)] + [()],
        image=np.repeat(np.arange(num_images), 5),
        class_id=class_id,
        present=present,
        noisy=noisy,
        frequency=frequency,
        quality=quality,
        examples=examples,
        is_open_images=is_open_images,
    )


def one_run(evaluated, method, seed, verified=2500):
    """A run; a system with verdicts is the better the more of them it has."""
    rng = np.random.default_rng([seed, len(method), sum(method.encode())])
    skill = SKILL.get(method, 1.8)
    if skill > SKILL['baseline']:
        skill = 1.6 + (skill - 1.6) * math.log(max(verified, 2)) / math.log(2500)
    pairs = len(evaluated.present)
    # What is hard is hard for every system and seed.
    hard = np.random.default_rng(1).normal(size=pairs)
    logit = skill * (2 * evaluated.present - 1) + 2.0 * hard + 0.4 * rng.normal(size=pairs)
    scores = (1 / (1 + np.exp(-logit))).astype(np.float32)
    top, top_scores = _top(evaluated, scores, rng)
    metrics = _metrics(evaluated, scores)
    share = metrics['num_classes'] / len(evaluated.class_names)
    return Run(
        method=method,
        seed=seed,
        verified=verified,
        seconds=20 + 10 * rng.random(),
        metrics=metrics,
        protocols={
            'unverified_negative': {'AP_all': metrics['AP_all'] - 30, 'MAP': metrics['MAP'] - 25},
            'empty_classes_zero': {'AP_all': metrics['AP_all'], 'MAP': metrics['MAP'] * share},
        },
        scores=scores,
        top=top,
        top_scores=top_scores,
        cleaned=scores if method.startswith('joint') else None,
    )


def runs_of(evaluated, methods=METHODS, seeds=3, verified=(2500,)):
    """A run for every method, seed and number of verified images."""
    return [
        one_run(evaluated, method, seed, number)
        for number in verified
        for method in methods
        for seed in range(seeds)
    ]


def _top(evaluated, scores, rng):
    num_classes = len(evaluated.class_names)
    top_scores = np.sort(rng.random((len(evaluated.examples), 5)))[:, ::-1]
    top = np.empty((len(evaluated.examples), 5), int)
    for row in range(len(top)):
        pairs = np.flatnonzero(evaluated.image == row)
        rated = evaluated.class_id[pairs[np.argsort(-scores[pairs])]][:4]
        others = np.setdiff1d(np.arange(num_classes), evaluated.class_id[pairs])
        top[row] = [*rated, *rng.choice(others, 5 - len(rated), replace=False)]
    return top, top_scores


def _metrics(evaluated, scores):
    pairs = np.empty(len(scores), VERIFIED_PAIR)
    pairs['class_id'], pairs['score'] = evaluated.class_id, scores
    pairs['present'] = evaluated.present
    metric = VerifiedAveragePrecision()
    metric.dataset_meta = dict(class_categories=evaluated.class_categories)
    return metric.compute_metrics([(np.bincount(evaluated.image), pairs)])
