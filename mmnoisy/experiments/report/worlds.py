"""How the rows of a comparison do over worlds: each is judged by its worst world."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Sequence, Tuple

import numpy as np

from mmnoisy.experiments.report.choices import FIGURES, Expected, expected, labels_right
from mmnoisy.experiments.report.methods import BASELINE
from mmnoisy.experiments.report.sampling import SCORES, Sampling
from mmnoisy.experiments.report.statistics import Estimate, estimate, paired_difference
from mmnoisy.experiments.runs import AutoRun, Evaluated, Run
from mmnoisy.experiments.systems import AUTO
from mmnoisy.reporting.tables import markdown_table

MOST_BEHIND = 0.3
"""Points that ``auto`` may be behind the best single row of a world."""
COVERED = 0.9
"""Share of the figures of ``auto`` that its own intervals are to cover."""
NEVER_BELOW = (BASELINE, 'finetune_clean')
BySeed = Mapping[int, Run]


class Row(NamedTuple):
    """A row of a world.

    Attributes:
        scores: over seeds and test images, by measure.
        right: percent of the noisy labels of test that are right after cleaning.
        seconds: of a run of its own, mean over seeds.
    """

    scores: Dict[str, Estimate]
    right: float
    seconds: float


class Judged(NamedTuple):
    """What a world says.

    Attributes:
        sizes: images by subset, and ``classes``.
        rows: by name.
        best: the best row other than ``auto``, by measure; chosen on test, which favours it.
        ahead: of ``auto`` ahead of it, by measure; empty without ``auto``.
        chosen: the method that ``auto`` chose, seed by seed.
        figures: what it expected and what came, seed by seed.
    """

    sizes: Dict[str, int]
    rows: Dict[str, Row]
    best: Dict[str, str]
    ahead: Dict[str, Estimate]
    chosen: List[str]
    figures: List[Dict[str, Expected]]

    def regret(self, name: str, measure: str) -> float:
        """How far a row is behind the best of all rows."""
        values = {row: found.scores[measure].mean for row, found in self.rows.items()}
        return max(values.values()) - values[name]

    def gain(self, over: str, measure: str) -> float:
        """How far ``auto`` is ahead of a row; NaN where one of them is not there."""
        if AUTO not in self.rows or over not in self.rows:
            return np.nan
        return self.rows[AUTO].scores[measure].mean - self.rows[over].scores[measure].mean

    @property
    def holds(self) -> bool:
        """Whether ``auto`` is at least as good as what it knows, in both measures.

        It is within the interval of the best single row, not far behind it in points, and not
        below a row of :data:`NEVER_BELOW`.
        """
        near = all(
            ahead.mean >= -MOST_BEHIND and not ahead.mean < -ahead.half_width
            for ahead in self.ahead.values()
        )
        return near and not any(
            self.gain(name, measure) < 0 for name in NEVER_BELOW for measure in SCORES
        )


def judge_world(
    runs: Sequence[Run],
    choices: Sequence[AutoRun],
    evaluated: Evaluated,
    sizes: Mapping[str, int],
    names: Sequence[str],
) -> Judged:
    """Judges the rows of a world.

    Args:
        runs: of the single systems.
        choices: of ``auto``; there may be none.
        evaluated: what all are tested on.
        sizes: images by subset, and ``classes``.
        names: the single rows to show, in this order.
    """
    by_name: Dict[str, BySeed] = {
        name: {run.seed: run for run in runs if run.method == name} for name in names
    }
    if choices:
        by_name[AUTO] = {one.run.seed: one.run for one in choices}
    sampling = Sampling(evaluated, {})
    rows = {name: _row(of_name, evaluated, sampling) for name, of_name in by_name.items()}
    best = {
        measure: max(names, key=lambda name: rows[name].scores[measure].mean) for measure in SCORES
    }
    ahead = {
        measure: _ahead(by_name[AUTO], by_name[best[measure]], measure, sampling)
        for measure in (SCORES if choices else ())
    }
    chosen = [one.method for one in choices]
    figures = [expected(one, evaluated) for one in choices]
    return Judged(dict(sizes), rows, best, ahead, chosen, figures)


def worst(worlds: Mapping[str, Judged], name: str, measure: str) -> Tuple[float, str]:
    """The largest regret of a row over the worlds that have it, and where it is."""
    regrets = {w: judged.regret(name, measure) for w, judged in worlds.items()}
    where = max(regrets, key=lambda w: regrets[w])
    return regrets[where], where


def share_covered(worlds: Mapping[str, Judged], key: str) -> float:
    """The share of the worlds whose figures on test are in the intervals of V, by seeds each.

    Args:
        worlds: by name.
        key: of :data:`FIGURES`.
    """
    shares = [
        np.mean([figures[key].covers for figures in judged.figures])
        for judged in worlds.values()
        if judged.figures
    ]
    return float(np.mean(shares)) if shares else np.nan


def worlds_table(worlds: Mapping[str, Judged]) -> str:
    """One table: a line for each world, then the worst case and the mean time of each row."""
    names = [*next(iter(worlds.values())).rows]
    with_auto = AUTO in names
    header = ['AP_all / MAP', 'T', 'V', 'classes', *names]
    header += ['chosen', 'ahead of the best', 'covered', 'holds'] if with_auto else []
    rows = []
    for world, judged in worlds.items():
        cells = [world, *(f'{judged.sizes[key]:,}' for key in ('train', 'validation', 'classes'))]
        cells += [_pair(judged.rows[name].scores[m].mean for m in SCORES) for name in names]
        rows.append([*cells, *(_of_auto(judged) if with_auto else [])])
    rest = len(header) - 4 - len(names)
    last = {
        'worst regret': [_pair(worst(worlds, name, m)[0] for m in SCORES) for name in names],
        'seconds': [
            f'{np.mean([judged.rows[name].seconds for judged in worlds.values()]):.0f}'
            for name in names
        ],
    }
    for text, cells in last.items():
        rows.append([text, '', '', '', *cells, *[''] * rest])
    if with_auto:
        covered = (f'{share_covered(worlds, key):.0%}' for key in FIGURES)
        rows[-2][-2] = ' '.join(covered)
    return markdown_table(header, rows)


def csv_rows(worlds: Mapping[str, Judged]) -> Tuple[List[str], List[List[Any]]]:
    """The same for a CSV file, a line for each world and row: its header and its lines."""
    header = ['world', 'row', 'train', 'validation', 'test', 'classes']
    header += [name for m in SCORES for name in (m, f'{m}_half_width', f'{m}_regret')]
    header += ['labels_right', 'seconds']
    lines: List[List[Any]] = []
    for world, judged in worlds.items():
        sizes = [judged.sizes[key] for key in header[2:6]]
        for name, row in judged.rows.items():
            of_scores = [
                value
                for m in SCORES
                for value in (row.scores[m].mean, row.scores[m].half_width, judged.regret(name, m))
            ]
            lines.append([world, name, *sizes, *of_scores, row.right, row.seconds])
    return header, lines


def as_json(worlds: Mapping[str, Judged]) -> Dict[str, Any]:
    """The same as nested values of JSON, but for NaN."""
    return {
        world: {
            'images': judged.sizes,
            'rows': {
                name: {
                    **{m: value._asdict() for m, value in row.scores.items()},
                    'regret': {m: judged.regret(name, m) for m in SCORES},
                    'right': row.right,
                    'seconds': row.seconds,
                }
                for name, row in judged.rows.items()
            },
            'best': judged.best,
            'ahead': {m: value._asdict() for m, value in judged.ahead.items()},
            'chosen': judged.chosen,
            'figures': [
                {
                    key: dict(on_v=figure.on_v, test=figure.test, covers=bool(figure.covers))
                    for key, figure in figures.items()
                }
                for figures in judged.figures
            ],
            'holds': judged.holds,
        }
        for world, judged in worlds.items()
    }


def _row(runs: BySeed, evaluated: Evaluated, sampling: Sampling) -> Row:
    replicates = {m: np.stack([sampling(run)[m] for run in runs.values()]) for m in SCORES}
    scores = {m: estimate([run.metrics[m] for run in runs.values()], replicates[m]) for m in SCORES}
    right = float(np.mean([labels_right(run, evaluated) for run in runs.values()]))
    return Row(scores, right, float(np.mean([run.seconds for run in runs.values()])))


def _ahead(runs: BySeed, others: BySeed, measure: str, sampling: Sampling) -> Estimate:
    def values(of: BySeed) -> Dict[int, float]:
        return {seed: run.metrics[measure] for seed, run in of.items()}

    def drawn(of: BySeed) -> Dict[int, np.ndarray]:
        return {seed: sampling(run)[measure] for seed, run in of.items()}

    return paired_difference(values(runs), values(others), drawn(runs), drawn(others))


def _of_auto(judged: Judged) -> List[str]:
    chosen = ' '.join(dict.fromkeys(judged.chosen))
    ahead = ' / '.join(
        f'{value.mean:+.2f} ± {value.half_width:.2f}' for value in judged.ahead.values()
    )
    shares = [np.mean([figures[key].covers for figures in judged.figures]) for key in FIGURES]
    marks = ' '.join('yes' if s == 1 else 'no' if s == 0 else f'{s:.0%}' for s in shares)
    return [chosen, ahead, marks, 'yes' if judged.holds else 'NO']


def _pair(values: Iterable[float]) -> str:
    return ' / '.join(f'{value:.2f}' for value in values)
