"""What a project's run has found: the page, and the same in a few lines."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from mmnoisy.datasets.project import Project
from mmnoisy.engine.checkpoints.reading import checkpoint_file
from mmnoisy.experiments.class_figures import FEW_VERDICTS
from mmnoisy.io.atomic import atomic_write
from mmnoisy.reporting.pages import render_page

_SETS = {'validation': 'V, cross-fitted', 'test': 'test'}


def write_page(path: Path, project: Project, found: Mapping[str, Any]) -> None:
    """Writes the page of a run.

    Args:
        path: of the HTML file.
        project: that was run.
        found: what ``choice.json`` holds.
    """
    page = render_page(
        'mmnoisy.experiments.report',
        'project.html',
        ['sort.js', 'filter.js'],
        title=f'{project.folder.resolve().name}: {found["method"]}',
        tiles=_tiles(found),
        found=found,
        sets=[(_SETS[key], found[key]) for key in _SETS if found[key]],
        classes=found['classes'],
        few_verdicts=FEW_VERDICTS,
        checkpoint=checkpoint_file(str(project.model)),
        commands=_commands(project),
        interval=interval_text,
    )
    with atomic_write(path) as file:
        file.write(page)


def lines(found: Mapping[str, Any]) -> List[str]:
    """The same for a terminal."""
    text = [f'{found["method"]}: {found["text"]}', found['why']]
    for key, name in _SETS.items():
        of_set = found[key]
        if of_set:
            text.append(
                f'{name}: labels right {interval_text(of_set["before"])} % before, '
                f'{interval_text(of_set["after"])} % after cleaning; '
                f'AP_all {interval_text(of_set["AP_all"])}, MAP {interval_text(of_set["MAP"])}'
            )
    return text + [f'Warning: {warning}' for warning in found['warnings']]


def interval_text(value: Sequence[float], digits: int = 1) -> str:
    """A value and its interval; or that nothing is known of it."""
    if value[0] != value[0]:
        return 'unknown'
    middle, low, high = (f'{number:.{digits}f}' for number in value)
    return f'{middle} ({low} to {high})'


def _tiles(found: Mapping[str, Any]) -> List[Dict[str, str]]:
    """The findings in a nutshell."""
    judged, where = (found['test'], 'test') if found['test'] else (found['validation'], 'V')
    on_v = found['validation']
    tiles = [
        dict(label='Method', value=found['method'], note=found['text']),
        dict(
            label='Labels right, before',
            value=_percent(on_v['before'][0]),
            note='of the rated noisy labels of V',
        ),
        dict(
            label='Labels right, after',
            value=_percent(on_v['after'][0]),
            note='cleaned by models that had not seen the verdicts',
        ),
    ]
    return tiles + [
        dict(label=score, value=f'{judged[score][0]:.2f}', note=f'on {where}')
        for score in ('AP_all', 'MAP')
    ]


def _commands(project: Project) -> List[Tuple[str, str]]:
    """What to do with a project, and how."""
    folder, config, features = (
        shlex.quote(str(path)) for path in (project.folder, project.config, project.features)
    )
    return [
        ('Clean the labels', f'mmnoisy clean {folder} --out cleaned.csv'),
        ('Label new pictures', f'mmnoisy predict {folder} new_photos --out new.csv'),
        ('List what to verify next', f'mmnoisy review {folder} --size 100'),
        ('Look at the pictures', f'mmnoisy view {folder}'),
        ('Test', f'mmnoisy test {folder}'),
        ('Train again', f'python tools/train.py {config} --features {features}'),
    ]


def _percent(value: float) -> str:
    return 'unknown' if value != value else f'{value:.1f} %'
