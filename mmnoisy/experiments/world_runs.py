"""The rows of one world, each by the grid of comparisons, and ``auto``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping, Optional, Sequence

from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope

import mmnoisy.components  # noqa: F401
from mmnoisy.errors import InputError
from mmnoisy.experiments.auto_runs import AutoRuns
from mmnoisy.experiments.data import Data
from mmnoisy.experiments.describing import describe
from mmnoisy.experiments.grid import Grid
from mmnoisy.experiments.report.worlds import Judged, judge_world
from mmnoisy.experiments.search import Recipe
from mmnoisy.experiments.systems import AUTO, load_systems, stem, to_train
from mmnoisy.experiments.training import Trainer
from mmnoisy.io.lock import lock


def run_world(
    index: Path,
    features: Path,
    out: Path,
    systems: Sequence[str],
    seeds: int = 1,
    search: bool = False,
    options: Optional[Mapping[str, Any]] = None,
    auto_only: bool = False,
) -> Judged:
    """Trains what is not trained yet on a data set, and judges its rows.

    Args:
        index: folder of the label indexes.
        features: folder of their banks.
        out: folder of the runs.
        systems: names of the rows, ``auto`` among them if it is wanted.
        seeds: number of runs of each.
        search: the learning rates of single systems are searched, as ``compare.py`` does;
            otherwise they are those of the configs.
        options: settings that replace those of all configs.
        auto_only: the other rows are taken as they are kept, whatever has made them, and ``auto``
            is made anew where it was made by other code: to try a rule.

    Raises:
        InputError: one of them cannot be used, or another run writes there.
    """
    if not MMLogger.check_instance_created('mmnoisy'):  # no list of all weights of every model
        MMLogger.get_instance('mmnoisy', log_level='WARNING')
    init_default_scope('mmpretrain')
    options = options or {}
    single = [name for name in systems if name != AUTO]
    known = load_systems(single, features, {**options, 'index': str(index.resolve())})
    names = to_train(single, known)
    data = Data(known[names[0]].cfg)
    size = len(data.validation)
    with lock(out):
        trainer = Trainer(data, out, known, {})
        given = {} if search else dict.fromkeys(known, Recipe())
        grid = Grid(trainer, names, range(seeds), [size], (), given)
        if auto_only and grid.missing():
            raise InputError(
                f'{out}: --auto-only takes the other rows as they are kept, and there is no '
                f'{grid.missing()[0]}; the same command without it trains what is missing'
            )
        runs = grid.runs() if auto_only else grid.run()
        choices = []
        if AUTO in systems:
            auto = AutoRuns(data, index, features, out, options)
            choices = auto.run(range(seeds), [size], replace=auto_only)
    sizes = {subset: len(getattr(data, subset)) for subset in ('train', 'validation', 'test')}
    sizes['classes'] = len(data.index('train').classes)
    rows = [row for name in single for row in known[stem(name)].rows]
    return judge_world(runs, choices, describe(data, [], None, '{id}.jpg'), sizes, rows)
