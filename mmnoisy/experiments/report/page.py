"""The page: everything a comparison found, in one file."""

from __future__ import annotations

import math
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence

import numpy as np

from mmnoisy.experiments.report.by_class import (
    FEW_PAIRS,
    NOISY,
    CategoryRow,
    CleanedLabels,
    Precisions,
)
from mmnoisy.experiments.report.examples import SIGNS, WRONG, Shown, data_uri
from mmnoisy.experiments.report.methods import BASELINE, Method, is_bound
from mmnoisy.experiments.report.recommendation import Recommendation
from mmnoisy.experiments.report.results import ScoreRow, Step
from mmnoisy.experiments.report.statistics import Estimate
from mmnoisy.experiments.report.tables import (
    OTHER_RULES,
    classes_text,
    few_note,
    names_of_scores,
    number,
    pairing,
    published_scores,
    rule_text,
    signed,
)
from mmnoisy.experiments.runs import Evaluated, Run, Trained
from mmnoisy.reporting.pages import png_uri, render_page


class Contents(NamedTuple):
    """What the page shows."""

    evaluated: Evaluated
    runs: Sequence[Run]
    methods: Mapping[str, Method]
    """Of all runs."""
    verified: int
    """Number of verified images of the main table."""
    rows: Sequence[ScoreRow]
    steps: Sequence[Step]
    recommended: Optional[Recommendation]
    precisions: Precisions
    categories: Sequence[CategoryRow]
    protocols: Mapping[str, Mapping[str, Mapping[str, Estimate]]]
    cleaned: Optional[CleanedLabels]
    calibration: Mapping[str, Estimate]
    """Expected calibration error in percent, by method."""
    examples: Sequence[Shown]
    example_methods: Mapping[str, Method]
    first_seeds: str
    """The seeds that single runs are shown of, such as ``'seed 0'``."""
    left_out: Sequence[str]
    """Names of the systems that the figures have no room for."""
    figures: Mapping[str, bytes]
    """PNGs by the names of their files."""
    notes: Mapping[str, str] = {}
    trained: Sequence[Trained] = ()


def render_comparison(contents: Contents) -> str:
    """The page as HTML; it needs no other file and no network."""
    rows = {row.method.key: row for row in contents.rows}
    scores = [*contents.rows[0].scores]
    return render_page(
        'mmnoisy.experiments.report',
        'index.html',
        ['sort.js', 'filter.js', 'examples.js'],
        **{
            **contents._asdict(),
            'methods': {key: contents.methods[key] for key in rows},
            'recommended': contents.recommended and _told(contents),
        },
        title='Learning from noisy and verified labels: systems compared',
        scores=scores,
        published=published_scores(scores, contents.evaluated.is_open_images),
        ruled=names_of_scores(contents.protocols),
        tiles=_tiles(contents),
        pairing=pairing(contents.rows),
        seconds={key: _mean_seconds(row) for key, row in rows.items()},
        best={score: _best(contents.rows, score) for score in scores},
        rules={name: rule_text(name) for name in contents.protocols},
        names=names_of_labels(contents.methods),
        figure={name: png_uri(data) for name, data in contents.figures.items()},
        kinds=[_kinds(example, [*contents.example_methods]) for example in contents.examples],
        signs=SIGNS,
        signed=signed,
        classes_text=classes_text,
        classes=_class_rows(contents),
        few_verdicts=FEW_PAIRS,
        few=few_note(row.num_few for row in contents.categories),
        other_rules=OTHER_RULES,
        data_uri=data_uri,
    )


def names_of_labels(methods: Mapping[str, Method]) -> Dict[str, str]:
    """What the labels are called: cleaned ones by the method, and the noisy ones."""
    return {NOISY: 'Noisy labels', **{key: method.name for key, method in methods.items()}}


def _told(contents: Contents) -> Dict[str, Any]:
    """The recommendation in words, for ``recommended.html``."""
    found = contents.recommended
    assert found
    mean = ' and '.join(found.scores)
    mean = f'mean of {mean}' if len(found.scores) > 1 else mean
    return dict(
        key=found.method.key,
        name=found.method.name,
        text=next((one.text for one in contents.trained if one.method == found.method.key), ''),
        why=f'The highest {mean} on test, {found.mean:.2f}, of the systems that anybody can '
        'train. It was picked on these images, which flatters it a little.',
        runner_up=found.runner_up and found.runner_up.name,
        measure=mean,
        lead='Ahead of it by',
        ahead=found.ahead and number(found.ahead, sign=True),
        is_sure=found.is_sure,
    )


def _class_rows(contents: Contents) -> List[Dict[str, Any]]:
    """AP class by class of the systems that examples are shown of, the mean over the seeds."""
    evaluated, size = contents.evaluated, len(contents.evaluated.class_names)
    verified = np.bincount(evaluated.class_id, minlength=size)
    present = np.bincount(evaluated.class_id[evaluated.present], minlength=size)
    AP = {
        key: np.mean([*contents.precisions[key].values()], axis=0)
        for key in contents.example_methods
    }
    gain = np.full(size, np.nan)
    if contents.recommended and BASELINE in AP:
        gain = AP[contents.recommended.method.key] - AP[BASELINE]
    return [
        dict(
            name=name,
            verified=int(verified[k]),
            present=int(present[k]),
            few=bool(verified[k] < FEW_PAIRS),
            AP=[float(of[k]) for of in AP.values()],
            gain=float(gain[k]),
        )
        for k, name in sorted(enumerate(evaluated.class_names), key=lambda one: one[1].casefold())
        if verified[k]
    ]


def _tiles(contents: Contents) -> List[Dict[str, Any]]:
    """The findings in a nutshell: label, value, note."""
    tiles = []
    for score in contents.rows[0].scores:
        best = _best(contents.rows, score)
        row = next((row for row in contents.rows if row.method.key == best), None)
        if row:
            gain = row.gains[score]
            note = row.method.name
            if gain.seeds and gain.mean:
                note += f', {signed(gain.mean)} to the baseline'
            value = f'{row.scores[score].mean:.2f}'
            tiles.append(dict(label=f'Best {score}', value=value, note=note))
    if contents.cleaned:
        noisy = contents.cleaned.overall[NOISY].mean
        cleaned = {key: of for key, of in contents.cleaned.overall.items() if key != NOISY}
        key = max(cleaned, key=lambda key: cleaned[key].mean)
        note = f'{contents.methods[key].name}; of the noisy labels {noisy:.1f} %'
        tiles.append(
            dict(
                label='Cleaned labels that are right', value=f'{cleaned[key].mean:.1f} %', note=note
            )
        )
    pairs = f'{len(contents.evaluated.present):,}'
    classes = len(contents.evaluated.class_names)
    tiles.append(dict(label='Verified pairs tested on', value=pairs, note=f'{classes:,} classes'))
    return tiles


def _best(rows: Sequence[ScoreRow], score: str) -> Optional[str]:
    """The method with the best mean that is no bound."""
    scores = {row.method.key: row.scores[score].mean for row in rows if not is_bound(row.method)}
    return max(scores, key=lambda key: scores[key], default=None)


def _mean_seconds(row: ScoreRow) -> float:
    return math.fsum(run.seconds for run in row.runs.values()) / len(row.runs)


def _kinds(example: Shown, keys: Sequence[str]) -> str:
    """What the filter of the examples asks for, in words."""
    names = [[prediction.name for prediction in example.top[key]] for key in keys]
    kinds = ['differ'] if any({*given} != {*names[0]} for given in names) else []
    wrong = [example.number(key, WRONG) for key in keys]
    if wrong[-1] < wrong[0]:
        kinds.append('fewer')
    if wrong[-1] > wrong[0]:
        kinds.append('more')
    return ' '.join(kinds)
