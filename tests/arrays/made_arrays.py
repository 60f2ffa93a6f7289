"""Features, labels with too many among them, verdicts on some, and the truth."""

import numpy as np


def made_arrays(images=200, verified=60, classes=3, dim=32, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.random((images, classes)) < 0.3
    X = truth @ rng.normal(size=(classes, dim)) + rng.normal(size=(images, dim))
    Y = np.where(truth | (rng.random(truth.shape) < 0.2), rng.uniform(0.5, 1, truth.shape), 0)
    V = np.where(rng.permutation(images)[:, None] < verified, truth, np.nan)
    return X.astype(np.float32), Y, V, truth
