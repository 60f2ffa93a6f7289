"""What a choice on V tells its user, in figures and in plain words."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence

import numpy as np

from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.evaluation.bootstrap import bootstrap_average_precision
from mmnoisy.evaluation.calibration import reliability
from mmnoisy.experiments.decision import (
    THRESHOLD,
    Interval,
    Pairs,
    Precision,
    draws,
    interval,
    scored,
    share_right,
)
from mmnoisy.experiments.portfolio import BASELINE
from mmnoisy.wording import counted

FEW = 3
"""Names of classes in a sentence."""
MANY_MORE = 100
"""Times as many verified images as there are: nobody will verify so many to know."""
FEW_TEST = 50
"""Images of a test set, below which its figures say little, whatever their intervals."""
MANY_BARE = 0.2
"""A share of images without a label that is worth a warning."""


def judged(
    scores: np.ndarray,
    cleaned: np.ndarray,
    pairs: Pairs,
    num_images: int,
    precision: Precision = bootstrap_average_precision,
) -> Dict[str, Interval]:
    """How good scores and cleaned labels of verified pairs are, with intervals over the images.

    Args:
        scores: (P,) of a classifier.
        cleaned: (P,) cleaned labels; NaN where nothing was cleaned.
        pairs: their verdicts.
        num_images: N.
        precision: what AP is; on few images ``leave_one_out_average_precision``.

    Returns:
        ``AP_all``, ``MAP``, and of the noisy labels that are rated how many percent are right:
        ``before``, ``after`` and ``gain``, NaN where none is rated.
    """
    counts = draws(num_images)
    found = scored(scores, pairs, counts, precision)
    kept = np.where(np.isnan(cleaned), True, cleaned >= THRESHOLD)
    before = share_right(pairs.present.astype(float), pairs, counts)
    after = share_right((kept == pairs.present).astype(float), pairs, counts)
    of_labels = dict(before=before, after=after, gain=after - before)
    values = dict(AP_all=found.AP_all, MAP=found.MAP, **of_labels)
    intervals = {name: interval(value) for name, value in values.items()}
    for name in ('AP_all', 'MAP', 'before', 'after'):  # a gain may be below 0
        value, low, high = intervals[name]
        intervals[name] = value, max(low, 0.0), min(high, 100.0)
    return intervals


def calibration(scores: np.ndarray, pairs: Pairs) -> Dict[str, List[float]]:
    """Scores (P,) of verified pairs beside their verdicts, in bins; see :class:`Reliability`."""
    found = reliability(scores, pairs.present)._asdict()
    return {key: values.tolist() for key, values in found.items()}


def reason(rows: List[Mapping[str, Any]]) -> str:
    """Why a method was chosen, in a sentence.

    Args:
        rows: of the candidates, each with its ``name``, ``mean``, ``behind`` and ``chosen``.
    """
    chosen = next(row for row in rows if row['chosen'])
    best = max(rows, key=lambda row: row['mean'][0])
    if len(rows) == 1:
        return f'{chosen["name"]} was asked for.'
    if chosen is not best:
        simpler = rows.index(chosen) < rows.index(best)
        preferred = 'is simpler' if simpler else 'is taken unless another one is surely ahead'
        return (
            f'{best["name"]} scores highest on V, {best["mean"][0]:.2f}; {chosen["name"]}, no '
            f'further behind than chance explains, {told(chosen["behind"])}, {preferred}.'
        )
    others = [row for row in rows if row is not chosen]
    second = max(others, key=lambda row: row['mean'][0])
    return (
        f'{chosen["name"]} scores highest on V, {chosen["mean"][0]:.2f}; the next, '
        f'{second["name"]}, is behind by {told(second["behind"])}.'
    )


def warnings(
    rows: List[Mapping[str, Any]], on_v: Mapping[str, Interval], num_silent: int, images: int
) -> List[str]:
    """What a user should know before trusting the figures, each in a sentence.

    Args:
        rows: of the candidates.
        on_v: of :func:`judged`.
        num_silent: classes of which no label is rated.
        images: verified ones.
    """
    found = []
    gain, low, high = on_v['gain']
    if np.isnan(gain):
        found.append('No noisy label of V is rated: nothing tells whether cleaning helps.')
    elif high < 0:
        found.append(
            f'Cleaning makes labels worse here, by {told(on_v["gain"])} points: keep yours.'
        )
    elif low <= 0:
        found.append(
            f'Too few verdicts to tell whether cleaning helps: labels right {told(on_v["gain"])} '
            f'points more often, on {counted(images, "image")}; {enough(on_v["gain"], images)} '
            'would tell.'
        )
    behind = _of(rows, BASELINE)
    chosen = next(row for row in rows if row['chosen'])
    if behind is not None and chosen['name'] == BASELINE:
        found.append(
            'Too few verdicts to tell whether learning from them makes the classifier better; it '
            'learns from T alone.'
        )
    runner_up = [row for row in rows if row is not chosen and row['behind'][1] <= 0]
    if runner_up:
        names = ', '.join(f'{r["name"]} ({enough(r["behind"], images)})' for r in runner_up)
        found.append(
            f'Too few verdicts to tell {chosen["name"]} from {names}; in brackets how many '
            'verified images would.'
        )
    if num_silent:
        found.append(
            f'V has no verdict on {counted(num_silent, "class")}: what is said there is learned '
            'from other classes.'
        )
    return found


def warnings_of_verdicts(present: np.ndarray) -> List[str]:
    """What a user should know of the verdicts (P,) of V, True for present, each in a sentence."""
    if not present.all():
        return []
    return [
        'All verdicts of V say present: nothing tells wrong labels from right ones, and figures of '
        '100 % say nothing. Where each verified image lists all that is present, import it with '
        '--complete (docs/faq.md#nothing-says-which-labels-are-wrong).'
    ]


def warnings_of_sets(train: LabelIndex, verified: LabelIndex, names: Sequence[str]) -> List[str]:
    """What a user should know of T, whose labels are cleaned and learned, each in a sentence.

    Args:
        train: T.
        verified: V.
        names: of all classes.
    """
    found = []
    bare = int((np.diff(train.noisy.start) == 0).sum())
    if bare == len(train):
        found.append('No image of T has a noisy label: all is learned from V, nothing is cleaned.')
        return found
    if bare >= MANY_BARE * len(train):
        found.append(
            f'T has no noisy label on {bare:,} of {counted(len(train), "image")} '
            f'({bare / len(train):.0%}).'
        )
    if len(train) < len(verified):
        found.append(
            f'T has {counted(len(train), "image")}, fewer than V with {len(verified):,}: there is '
            'little to clean, and little to learn from it.'
        )
    present = verified.verdicts.label[verified.verdicts.value]
    unknown = np.setdiff1d(present, train.noisy.label)
    if len(unknown):
        first = ', '.join(names[k] for k in unknown[:FEW].tolist())
        found.append(
            f'T has no noisy label of {counted(len(unknown), "class")} present in V, such as '
            f'{first}: it teaches nothing there.'
        )
    return found


def warnings_of_test(images: int) -> List[str]:
    """What a user should know of a test set of so many images, each in a sentence."""
    if images >= FEW_TEST:
        return []
    return [
        f'Test has {counted(images, "image")}: its figures say little, and so do their intervals.'
    ]


def enough(value: Interval, images: int) -> str:
    """How many images would tell a difference from none, if it stays as it is on a few, in words.

    The width of its interval goes with the root of their number.

    Args:
        value: of the difference.
        images: that it was found on.
    """
    middle, low, _ = value
    number = images * ((middle - low) / middle) ** 2 if middle else np.inf
    if not number < MANY_MORE * images:
        return f'more than {MANY_MORE * images:,}'
    return f'about {float(f"{number:.1e}"):,.0f}'


def told(value: Interval) -> str:
    """A value with its interval, in words."""
    return f'{value[0]:.2f} ({value[1]:.2f} to {value[2]:.2f})'


def plain(values: Any) -> Any:
    """Nested values as JSON has them: null for what is unknown."""
    if isinstance(values, dict):
        return {key: plain(value) for key, value in values.items()}
    if isinstance(values, (list, tuple)):
        return [plain(value) for value in values]
    return None if isinstance(values, float) and values != values else values


def _of(rows: List[Mapping[str, Any]], name: str) -> Optional[Mapping[str, Any]]:
    return next((row for row in rows if row['name'] == name), None)
