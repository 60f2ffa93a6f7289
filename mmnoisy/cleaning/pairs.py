"""What becomes of each label when a cleaned value is known (pure NumPy)."""

from __future__ import annotations

from typing import NamedTuple, Optional, Tuple

import numpy as np

from mmnoisy.datasets.csr import Csr

# An (image, label) pair that was noisy or is to be added. ``image`` counts within a block;
# ``before`` is NaN where the label was not there; ``raw`` is the output of the cleaning network
# before it is clipped and ``score`` the classifier's probability, both NaN where no picture could
# be read or the class is not to be cleaned.
PAIR = np.dtype(
    [
        ('image', np.uint32),
        ('label', np.uint32),
        ('before', np.float32),
        ('raw', np.float32),
        ('score', np.float32),
    ]
)

KINDS = ('kept', 'removed', 'added')
KEPT, REMOVED, ADDED = range(3)


class Scores(NamedTuple):
    """What a model says of B images and C classes.

    Attributes:
        raw: (B, C) float32, cleaned values before they are clipped; the noisy labels themselves
            without a cleaning head.
        score: (B, C) float32, probabilities of the classifier.
    """

    raw: np.ndarray
    score: np.ndarray


class Rule(NamedTuple):
    """How cleaned values become labels.

    Attributes:
        threshold: a label is present from this cleaned value on, in [0, 1].
        max_added: labels that an image gains at most, the highest values first; None for any.
        soft: cleaned values become confidences, and only labels of value 0 are removed.
    """

    threshold: float = 0.5
    max_added: Optional[int] = None
    soft: bool = False


def pairs_of(noisy: Csr, scores: Scores, cleaned: np.ndarray, rule: Rule) -> np.ndarray:
    """The pairs of B images: their noisy labels and those that the rule adds.

    Args:
        noisy: the labels of the images and their confidences.
        scores: what the model says; NaN rows for images without a picture.
        cleaned: (C,) bool, the classes to clean.
        rule: when a label is added.

    Returns:
        (P,) of type ``PAIR``, ascending by image and label.
    """
    raw = scores.raw
    image = np.repeat(np.arange(len(raw)), np.diff(noisy.start))
    label = noisy.label.astype(np.int64)
    listed = np.zeros(raw.shape, bool)
    listed[image, label] = True
    # A label is never added at value 0, whatever the threshold: most classes have exactly that.
    candidate = ~listed & cleaned & (clip(raw) >= rule.threshold) & (raw > 0)
    added_image, added_label = np.nonzero(candidate)
    if rule.max_added is not None:
        best = np.lexsort((added_label, -raw[added_image, added_label], added_image))
        rank = np.arange(len(best)) - np.searchsorted(added_image, added_image)
        chosen = np.sort(best[rank < rule.max_added])
        added_image, added_label = added_image[chosen], added_label[chosen]
    pairs = np.empty(len(image) + len(added_image), PAIR)
    pairs['image'] = np.concatenate([image, added_image])
    pairs['label'] = np.concatenate([label, added_label])
    pairs['before'] = np.concatenate([noisy.value, np.full(len(added_image), np.nan)])
    known = cleaned[pairs['label']]
    for name, values in scores._asdict().items():
        pairs[name] = np.where(known, values[pairs['image'], pairs['label']], np.nan)
    return pairs[np.lexsort((pairs['label'], pairs['image']))]


def clip(raw: np.ndarray) -> np.ndarray:
    """Cleaned values c in [0, 1] (Eq. 1); NaN stays."""
    return np.clip(raw, np.float32(0), np.float32(1))


class Outcome(NamedTuple):
    """What becomes of P pairs.

    Attributes:
        kind: (P,) uint8, ``KEPT``, ``REMOVED`` or ``ADDED``.
        after: (P,) float32, the confidence from now on; NaN where the label is removed.
    """

    kind: np.ndarray
    after: np.ndarray

    @property
    def present(self) -> np.ndarray:
        """(P,) bool, the pairs that are labels of the cleaned data set."""
        return self.kind != REMOVED


def decide(pairs: np.ndarray, rule: Rule) -> Outcome:
    """Applies a rule to pairs (P,) of type ``PAIR``.

    A label that stays keeps its confidence bit for bit, or, by a soft rule, gets its cleaned
    value. What was not looked at stays as it was.
    """
    cleaned = clip(pairs['raw'])
    kind = np.full(len(pairs), KEPT, np.uint8)
    kind[(cleaned <= 0) if rule.soft else (cleaned < rule.threshold)] = REMOVED
    added = np.isnan(pairs['before'])
    kind[added] = ADDED
    replaced = added | (~np.isnan(cleaned) if rule.soft else False)
    after = np.where(replaced, cleaned, pairs['before'])
    after[kind == REMOVED] = np.nan
    return Outcome(kind, after)


def match_verdicts(
    pairs: np.ndarray, verdicts: Csr, num_classes: int
) -> Tuple[np.ndarray, np.ndarray]:
    """Looks up the verdicts on labels.

    Args:
        pairs: (P,) of type ``PAIR``, ``image`` being the row of the verdicts.
        verdicts: on the images.
        num_classes: C.

    Returns:
        (P,) bool, whether there is a verdict, and (P,) bool, whether it says that the label is
        wrong.
    """
    image = np.repeat(np.arange(len(verdicts.start) - 1), np.diff(verdicts.start))
    cell = image * num_classes + verdicts.label  # ascending
    wanted = pairs['image'].astype(np.int64) * num_classes + pairs['label']
    where = np.minimum(np.searchsorted(cell, wanted), max(len(cell) - 1, 0))
    if not len(cell):
        return np.zeros(len(pairs), bool), np.zeros(len(pairs), bool)
    rated = cell[where] == wanted
    return rated, rated & ~verdicts.value[where]
