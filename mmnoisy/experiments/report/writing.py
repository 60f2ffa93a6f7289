"""Writes all files of a report."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, Mapping, Optional, Sequence

import numpy as np

from mmnoisy.datasets.statistics.counts import OTHERS
from mmnoisy.evaluation.calibration import reliability
from mmnoisy.experiments.report import figures, tables
from mmnoisy.experiments.report.by_class import (
    NOISY,
    CategoryRow,
    CleanedLabels,
    Precisions,
    Resampled,
    category_rows,
    class_groups,
    class_precisions,
    cleaned_accuracy,
    gains_by_group,
)
from mmnoisy.experiments.report.calibration import calibration_errors
from mmnoisy.experiments.report.examples import draw_examples, shown_examples
from mmnoisy.experiments.report.methods import (
    SHOWN_IN_EXAMPLES,
    WITHOUT_VERDICTS,
    Method,
    drawn,
    is_bound,
    methods_of,
)
from mmnoisy.experiments.report.page import Contents, names_of_labels, render_comparison
from mmnoisy.experiments.report.recommendation import recommend
from mmnoisy.experiments.report.results import (
    BySeed,
    learning_curve,
    protocol_scores,
    runs_at,
    score_rows,
    steps_between,
    verified_numbers,
)
from mmnoisy.experiments.report.sampling import Sampling
from mmnoisy.experiments.runs import Evaluated, Run, Trained
from mmnoisy.io.atomic import atomic_files
from mmnoisy.reporting.reliability_figure import draw_reliability

NOISY_LABELS = Method(NOISY, 'Noisy labels', '#707070', 'o', '-', None)
LARGEST = 3
"""Categories in Figure 6."""
FILES = (
    'table2.md',
    'steps.md',
    'table3.md',
    'protocols.md',
    'cleaned_labels.md',
    'gains.md',
    'figure5.png',
    'figure6.png',
    'figure7.png',
    'cleaned_labels.png',
    'learning_curve.png',
    'calibration.png',
    'index.html',
)
"""What a report may hold; what there is nothing to say about is left out."""


def write_report(
    out: Path,
    evaluated: Evaluated,
    runs: Sequence[Run],
    notes: Mapping[str, str],
    trained: Sequence[Trained] = (),
) -> None:
    """Writes :data:`FILES`: Tables 2 and 3, Figures 5 to 7, what cleaning does, and the page.

    All are complete before the first one is moved into place; those of an earlier report that
    this one does not have are removed. The tables and figures show the runs with most verified
    images, the learning curves all.

    Args:
        out: folder; made where it is missing.
        evaluated: the set that the systems are tested on, with a verified positive.
        runs: at least one; two of a method differ in seed or number of verified images.
        notes: label -> text for the page (data set, features, command).
        trained: how the methods were trained.

    Raises:
        InputError: the runs have no metric in common, ``out`` is no folder, or nothing can be
            written there.
    """
    assert runs
    with atomic_files(out) as folder:
        contents = _write_tables_and_figures(folder, evaluated, runs)
        contents = contents._replace(notes=notes, trained=trained)
        (folder / 'index.html').write_text(render_comparison(contents), 'utf-8')
        written = {path.name for path in folder.iterdir()}
    for name in {*FILES} - written:
        (out / name).unlink(missing_ok=True)


def _write_tables_and_figures(folder: Path, evaluated: Evaluated, runs: Sequence[Run]) -> Contents:
    all_methods = methods_of(run.method for run in runs)
    verified = verified_numbers(runs)[-1]
    by_method = runs_at(runs, verified)
    methods = {key: method for key, method in all_methods.items() if key in by_method}
    sampling = Sampling(evaluated, class_groups(evaluated))
    rows = score_rows(by_method, methods, sampling)
    scores = [*rows[0].scores]
    between = steps_between(rows, sampling)
    recommended = recommend(rows, sampling)
    precisions = class_precisions(evaluated, by_method)
    resampled = {
        key: {seed: sampling(run) for seed, run in by_seed.items()}
        for key, by_seed in by_method.items()
    }
    categories = category_rows(evaluated, precisions, resampled)
    rules = protocol_scores(by_method, sampling)
    first_runs = {key: next(iter(by_seed.values())) for key, by_seed in by_method.items()}

    _write(folder / 'table2.md', tables.table2(rows, verified, evaluated.is_open_images))
    _write(folder / 'steps.md', tables.steps(between, scores))
    _write(folder / 'table3.md', tables.table3(categories, methods))
    _write(folder / 'protocols.md', tables.protocols(rules, methods))
    first_score = {row.method.key: row.scores[scores[0]].mean for row in rows}
    favoured = recommended.method.key if recommended else ''
    best = drawn(methods, first_score, favoured)
    _write_gains(folder, evaluated, precisions, resampled, methods, best, favoured)
    _draw_curves(folder / 'figure6.png', evaluated, categories, first_runs, best)
    cleaned = _write_cleaned(folder, evaluated, by_method, {**methods, **best}, sampling)
    calibration = calibration_errors(evaluated, by_method, sampling)
    if calibration:
        panels = {
            methods[key].name: reliability(first_runs[key].scores, evaluated.present)
            for key in calibration
            if key in best
        }
        draw_reliability(folder / 'calibration.png', panels)
    shown = [key for key in methods if key in (*SHOWN_IN_EXAMPLES, favoured)] or [*methods][:3]
    example_methods = {key: methods[key] for key in shown}
    examples = shown_examples(evaluated, {key: first_runs[key] for key in shown})
    if examples:
        draw_examples(folder / 'figure7.png', examples, example_methods)
    curve = learning_curve(runs, all_methods, sampling)
    if len(curve) > 1:
        shown_in_curve = best if len(best) < len(methods) else {**all_methods, **best}
        figures.draw_learning_curves(folder / 'learning_curve.png', curve, shown_in_curve)
    return Contents(
        evaluated=evaluated,
        runs=runs,
        methods=all_methods,
        verified=verified,
        rows=rows,
        steps=between,
        recommended=recommended,
        precisions=precisions,
        categories=categories,
        protocols=rules,
        cleaned=cleaned,
        calibration=calibration,
        examples=examples,
        example_methods=example_methods,
        first_seeds=_seeds_text([*first_runs.values()]),
        left_out=[methods[key].name for key in methods if key not in best],
        figures={path.name: path.read_bytes() for path in folder.glob('*.png')},
    )


def _write_gains(
    folder: Path,
    evaluated: Evaluated,
    precisions: Precisions,
    resampled: Resampled,
    methods: Mapping[str, Method],
    drawn_methods: Mapping[str, Method],
    recommended: str,
) -> None:
    """Gains by frequency and quality: all in the table, in Figure 5 those that learn from V."""
    frequency = gains_by_group(evaluated, 'frequency', precisions, resampled)
    quality = gains_by_group(evaluated, 'quality', precisions, resampled)
    with_gain = {key: method for key, method in methods.items() if key in frequency.values}
    if not with_gain:
        return
    _write(folder / 'gains.md', tables.gains(frequency, quality, with_gain))
    rivals = {
        key: drawn_methods[key]
        for key, method in with_gain.items()
        if key in drawn_methods and not is_bound(method)
        if key == recommended or key not in WITHOUT_VERDICTS
    }
    if rivals:
        figures.draw_gains(folder / 'figure5.png', frequency, quality, rivals)


def _draw_curves(
    path: Path,
    evaluated: Evaluated,
    categories: Sequence[CategoryRow],
    runs: Mapping[str, Run],
    methods: Mapping[str, Method],
) -> None:
    """Figure 6 of all annotations and of the categories with most verified pairs."""
    panels = [figures.Curves('All annotations', np.ones(len(evaluated.present), bool))]
    for row in categories:
        if row.num_classes and row.category != OTHERS:
            pairs = np.isin(evaluated.class_id, row.members)
            panels.append(figures.Curves(row.category, pairs))
    panels[1:] = sorted(panels[1:], key=lambda panel: -int(panel.pairs.sum()))[:LARGEST]
    scores = {key: run.scores for key, run in runs.items()}
    figures.draw_precision_recall(path, panels, scores, evaluated.present, methods)


def _write_cleaned(
    folder: Path,
    evaluated: Evaluated,
    by_method: Mapping[str, BySeed],
    methods: Mapping[str, Method],
    sampling: Sampling,
) -> Optional[CleanedLabels]:
    """The cleaned labels' table and figure, if a system cleans labels."""
    labels = cleaned_accuracy(evaluated, by_method, sampling)
    if len(labels.overall) == 1:
        return None
    _write(folder / 'cleaned_labels.md', tables.cleaned_labels(labels, names_of_labels(methods)))
    lines: Dict[str, Method] = {NOISY: NOISY_LABELS}
    lines.update((key, method) for key, method in methods.items() if key in labels.overall)
    if len(labels.groups.ends):
        figures.draw_cleaned(folder / 'cleaned_labels.png', labels.groups, lines)
    return labels


def _seeds_text(runs: List[Run]) -> str:
    seeds = sorted({run.seed for run in runs})
    return f'seed{"s" if len(seeds) > 1 else ""} {", ".join(map(str, seeds))}'


def _write(path: Path, text: str) -> None:
    path.write_text(text + '\n', 'utf-8')
