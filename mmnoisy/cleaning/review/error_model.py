"""The probability that a label is wrong, learned from verdicts."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmnoisy.cleaning.pairs import clip
from mmnoisy.errors import InputError

# A class with few verdicts is taken to be as often wrong as all are, as if by so many verdicts.
PRIOR_VERDICTS = 10


class ErrorModel:
    """A logistic regression on what is known of a label when a human is asked.

    Its inputs are the cleaned value with and without the clip, the classifier's logit, the
    confidence of the machine, and how often labels of the class were found to be wrong.

    Args:
        pairs: (P,) of type ``PAIR``, rated labels with the scores of models that have not seen
            the verdicts.
        wrong: (P,) bool, what the verdicts say.

    Raises:
        InputError: scikit-learn is missing, or no label is wrong, or all are.
    """

    def __init__(self, pairs: np.ndarray, wrong: np.ndarray) -> None:
        try:
            from sklearn.linear_model import LogisticRegression
            from sklearn.pipeline import make_pipeline
            from sklearn.preprocessing import StandardScaler
        except ImportError as error:
            raise InputError(
                "the review queue needs scikit-learn: pip install 'mmnoisy[review]'"
            ) from error
        if not len(wrong):
            raise InputError(
                'the verdicts of V: none is on a machine label, so there is nothing to learn '
                'from; rate labels that the machine has given'
            )
        if wrong.all() or not wrong.any():
            raise InputError(
                'the verdicts of V: all say the same of the machine labels, so there is nothing '
                'to learn from; rate labels of both kinds'
            )
        self.mean = float(wrong.mean())
        num_classes = int(pairs['label'].max()) + 1
        self.rated = np.bincount(pairs['label'], minlength=num_classes)
        self.found = np.bincount(pairs['label'], wrong, num_classes)
        # A label's own verdict must not be among its inputs.
        rate = self._rate(pairs['label'], wrong, np.ones(len(wrong)))
        self.regression: Any = make_pipeline(StandardScaler(), LogisticRegression())
        self.regression.fit(_inputs(pairs, rate), wrong)

    def __call__(self, pairs: np.ndarray) -> np.ndarray:
        """The probability that each of the labels (Q,) is wrong, (Q,)."""
        if not len(pairs):
            return np.zeros(0)
        none = np.zeros(len(pairs))
        rate = self._rate(pairs['label'], none, none)
        return self.regression.predict_proba(_inputs(pairs, rate))[:, 1]

    def _rate(self, label: np.ndarray, own_wrong: np.ndarray, own: np.ndarray) -> np.ndarray:
        known = label < len(self.rated)
        label = np.where(known, label, 0)
        rated, found = (np.where(known, count[label], 0) for count in (self.rated, self.found))
        wrong = found - own_wrong + PRIOR_VERDICTS * self.mean
        return wrong / (rated - own + PRIOR_VERDICTS)


def cross_fitted(pairs: np.ndarray, wrong: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """The probability that each label is wrong, by a model that its verdict had no part in.

    Args:
        pairs: (P,) of type ``PAIR``, rated labels with cross-fitted scores.
        wrong: (P,) bool, what the verdicts say.
        fold: (P,) integers; a fold is predicted from the others.

    Returns:
        (P,) probabilities.
    """
    probability = np.empty(len(pairs))
    for k in np.unique(fold):
        here = fold == k
        probability[here] = ErrorModel(pairs[~here], wrong[~here])(pairs[here])
    return probability


def _inputs(pairs: np.ndarray, rate: np.ndarray) -> np.ndarray:
    raw = pairs['raw'].astype(float)
    logits = _logit(pairs['score']), _logit(rate)
    return np.stack([clip(raw), np.clip(raw, -3, 3), pairs['before'], *logits], 1)


def _logit(probability: np.ndarray) -> np.ndarray:
    p = np.clip(probability.astype(float), 1e-6, 1 - 1e-6)
    return np.log(p / (1 - p))
