"""Tables 2 and 3, the rules side by side and the cleaned labels, in Markdown."""

from __future__ import annotations

import math
from typing import Iterable, Iterator, List, Mapping, Sequence, Tuple

from mmnoisy.experiments.report.by_class import (
    FEW_PAIRS,
    NOISY,
    CategoryRow,
    CleanedLabels,
    Groups,
)
from mmnoisy.experiments.report.methods import BASELINE, PUBLISHED, Method
from mmnoisy.experiments.report.results import ScoreRow, Step
from mmnoisy.experiments.report.sampling import EMPTY_AS_ZERO, SCORES
from mmnoisy.experiments.report.statistics import Estimate
from mmnoisy.reporting.tables import markdown_table

NONE = '\u2013'
RULES = {
    '': (
        'Verified pairs only',
        'The paper (section 4.2): what nobody verified counts neither way, and a class without a '
        'verified positive has no AP and leaves the mean.',
    ),
    'unverified_negative': (
        'Unverified counted as negative',
        'Every class that nobody verified on an image counts as absent from it: a right label '
        'that nobody checked is punished as if it were wrong.',
    ),
    EMPTY_AS_ZERO: (
        'Classes without positives as 0',
        'As the paper, but the mean runs over all classes and those without a verified positive '
        'count as 0: MAP falls for every system alike, AP_all stays.',
    ),
}
"""Names of the rules of scoring, and a sentence on each."""
OTHER_RULES = (
    'The intervals are over seeds and test images; where unverified counts as negative, over seeds.'
)


def number(value: Estimate, sign: bool = False) -> str:
    """A mean with its interval, such as ``92.41 ± 0.12``; without one where there is none."""
    if math.isnan(value.mean):
        return NONE
    mean = signed(value.mean) if sign else f'{value.mean:.2f}'
    return mean if math.isnan(value.half_width) else f'{mean} ± {value.half_width:.2f}'


def signed(value: float) -> str:
    """A difference with its sign and two digits."""
    return f'{value:+.2f}'.replace('-', '\u2212')


def rule_text(name: str) -> Tuple[str, str]:
    """The title of a rule of scoring and what it does; unknown ones have their own name only."""
    return RULES.get(name, (name, ''))


def intervals_note(counts: Sequence[int]) -> str:
    """What the intervals are; ``counts`` are the seeds of each row."""
    images = 'the test images (bootstrap)'
    if max(counts, default=0) < 2:
        return f'One seed: ± half of the 95 % interval over {images}.'
    note = f'Mean ± half of the 95 % interval over seeds (Student t) and {images}'
    return f'{note}; rows of a single seed, over the images.' if min(counts) < 2 else f'{note}.'


def steps(between: Sequence[Step], scores: Sequence[str]) -> str:
    """The paired differences between neighbours in the first of the scores."""
    header = [f'better by {scores[0]}', 'than', *scores]
    cells = [
        [step.better.name, step.worse.name, *(number(step.gains[s], sign=True) for s in scores)]
        for step in between
    ]
    return markdown_table(header, cells)


def table2(rows: Sequence[ScoreRow], verified: int, is_open_images: bool = False) -> str:
    """Table 2: scores, paired differences to the baseline, and of Open Images the paper's."""
    scores = [*rows[0].scores]
    published = published_scores(scores, is_open_images)
    header = ['method', *(title for score in scores for title in (score, 'gain')), 'seeds']
    header += [f'paper {score}' for score in published]
    cells = []
    for row in rows:
        is_baseline = row.method.key == BASELINE
        line = [row.method.name]
        for score in scores:
            gain = NONE if is_baseline else number(row.gains[score], sign=True)
            line += [number(row.scores[score]), gain]
        figures = [row.method.published(score) for score in published]
        paper = [NONE if math.isnan(value) else f'{value:.2f}' for value in figures]
        cells.append([*line, str(len(row.runs)), *paper])
    lines = [markdown_table(header, cells), '', f'{verified:,} verified images. {pairing(rows)}']
    return '\n'.join(lines)


def published_scores(scores: Sequence[str], is_open_images: bool) -> List[str]:
    """The scores that the paper tells of the same data set."""
    return [score for score in scores if is_open_images and score in PUBLISHED]


def pairing(rows: Sequence[ScoreRow]) -> str:
    """What the numbers of Table 2 are, in sentences."""
    text = intervals_note([len(row.runs) for row in rows])
    others = [score for score in rows[0].scores if score not in SCORES]
    if others:
        text += f' Of {", ".join(others)} the interval is that over seeds alone.'
    text += ' Gain: difference to the baseline'
    if not any(row.method.key == BASELINE for row in rows):
        return f'{text}, of which there is no run.'
    text += ' of the same seed'
    seeds = {row.method.name: next(iter(row.gains.values())).seeds for row in rows}
    fewer = [
        f'{row.method.name} {seeds[row.method.name]}'
        for row in rows
        if row.method.key != BASELINE and seeds[row.method.name] < len(row.runs)
    ]
    return f'{text} (seeds with a baseline: {", ".join(fewer)}).' if fewer else f'{text}.'


def table3(rows: Sequence[CategoryRow], methods: Mapping[str, Method]) -> str:
    """Table 3: MAP by category."""
    header = ['category', 'classes', *(method.name for method in methods.values())]
    cells = [
        [
            row.category,
            classes_text(row.num_classes, row.num_few),
            *(number(row.MAP[key]) for key in methods),
        ]
        for row in rows
    ]
    counts = [row.MAP[key].seeds for row in rows for key in methods]
    few = few_note(row.num_few for row in rows)
    note = f'MAP by category. Classes: those that have a verified positive{few}.'
    return f'{markdown_table(header, cells)}\n\n{note} {intervals_note(counts)}'


def protocols(
    scores: Mapping[str, Mapping[str, Mapping[str, Estimate]]], methods: Mapping[str, Method]
) -> str:
    """The scores of every method under every rule."""
    titles = [rule_text(rule)[0] for rule in scores]
    names = names_of_scores(scores)
    header = ['method', *(f'{title}: {score}' for title in titles for score in names)]
    cells = [
        [method.name, *(number(of[key][score]) for of in scores.values() for score in names)]
        for key, method in methods.items()
    ]
    sentences = [f'- {title}. {text}'.rstrip() for title, text in map(rule_text, scores)]
    sentences += [f'- {OTHER_RULES}'] if len(scores) > 1 else []
    return '\n'.join([markdown_table(header, cells), '', *sentences])


def names_of_scores(
    scores: Mapping[str, Mapping[str, Mapping[str, Estimate]]],
) -> List[str]:
    """The names of the scores of all rules and methods."""
    return [*next(iter(scores[''].values()))]


def cleaned_labels(labels: CleanedLabels, names: Mapping[str, str]) -> str:
    """How many labels are right, overall and by annotation quality of the class.

    Args:
        labels: in percent.
        names: of the methods and of the noisy labels.
    """
    header = ['annotation quality', 'classes', *(names[key] for key in labels.overall)]
    sizes = labels.groups.sizes
    every = classes_text(sum(n for n, _ in sizes), sum(few for _, few in sizes))
    overall = ['all classes', every, *(number(value) for value in labels.overall.values())]
    groups = [
        [f'{ends} %', *cells] for ends, *cells in _by_group(labels.groups, labels.overall, 100)
    ]
    counts = [value.seeds for key, value in labels.overall.items() if key != NOISY]
    note = (
        'Percent of the labels on the rated pairs of test that agree with the verdict; cleaned '
        f'labels say present from 0.5 on{few_note(few for _, few in sizes)}. '
        f'{intervals_note(counts)}'
    )
    return f'{markdown_table(header, [overall, *groups])}\n\n{note}'


def gains(frequency: Groups, quality: Groups, methods: Mapping[str, Method]) -> str:
    """The gains of Figure 5 in figures.

    Args:
        frequency: gains by machine labels in T.
        quality: gains by annotation quality in [0, 1].
        methods: those that have gains.
    """
    names = [method.name for method in methods.values()]
    by_frequency = [*_by_group(frequency, methods, sign=True)]
    by_quality = [
        [f'{ends} %', *cells] for ends, *cells in _by_group(quality, methods, 100, sign=True)
    ]
    counts = [of[0].seeds for of in frequency.values.values() if of]
    few = few_note(few for groups in (frequency, quality) for _, few in groups.sizes)
    note = (
        'Gain in class AP over the baseline of the same seed, groups of classes of equal size'
        f'{few}.'
    )
    return '\n\n'.join(
        [
            markdown_table(['machine labels in T', 'classes', *names], by_frequency),
            markdown_table(['annotation quality', 'classes', *names], by_quality),
            f'{note} {intervals_note(counts)}',
        ]
    )


def classes_text(num_classes: int, num_few: int) -> str:
    """The number of classes, and in brackets of those with few verified pairs."""
    return f'{num_classes} ({num_few})' if num_few else str(num_classes)


def few_note(numbers: Iterable[int]) -> str:
    """What the brackets of :func:`classes_text` mean, where a number is not 0."""
    some = any(numbers)
    return f'; in brackets, with fewer than {FEW_PAIRS} verified pairs' if some else ''


def _by_group(
    groups: Groups, keys: Iterable[str], scale: float = 1, sign: bool = False
) -> Iterator[List[str]]:
    """A row for each group: its range, its classes and the value of every method."""
    for place, ends in enumerate(groups.ends):
        values = (groups.values[key][place] for key in keys)
        classes = classes_text(*groups.sizes[place])
        yield [range_text(scale * ends), classes, *(number(value, sign) for value in values)]


def range_text(ends: Sequence[float]) -> str:
    """Two numbers without decimals as a range, or as one where they are the same."""
    low, high = (f'{end:,.0f}' for end in ends)
    return low if low == high else f'{low}\u2013{high}'
