"""A comparison from start to end: trains what is not trained yet, and writes the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope

import mmnoisy.components  # noqa: F401
from mmnoisy.datasets.pictures.paths import TEMPLATE, check_template
from mmnoisy.datasets.release.files import ReleaseFile
from mmnoisy.errors import InputError
from mmnoisy.experiments.auto_runs import AutoRuns
from mmnoisy.experiments.data import Data
from mmnoisy.experiments.describing import choose_examples, describe
from mmnoisy.experiments.grid import Grid
from mmnoisy.experiments.indexes import of_bounds
from mmnoisy.experiments.report import write_report
from mmnoisy.experiments.report.choices import choices_table
from mmnoisy.experiments.runs import Run
from mmnoisy.experiments.search import Recipe
from mmnoisy.experiments.settings import choices_of
from mmnoisy.experiments.systems import AUTO, System, load_systems, to_train
from mmnoisy.experiments.training import Trainer
from mmnoisy.io.atomic import atomic_write, write_json
from mmnoisy.io.lock import lock


def compare(
    index: Path,
    features: Path,
    out: Path,
    systems: Sequence[str],
    seeds: int = 3,
    verified: Sequence[int] = (),
    bounds: Optional[Mapping[str, ReleaseFile]] = None,
    images: Optional[Path] = None,
    path_template: str = TEMPLATE,
    batch_size: Optional[int] = None,
    recipes: Optional[Path] = None,
    options: Optional[Mapping[str, Any]] = None,
    command: str = '',
) -> None:
    """Trains what is not trained yet, and writes tables, figures and a page.

    Args:
        index: folder of the three label indexes.
        features: folder of their banks.
        out: folder of all that is written.
        systems: names, or paths of configs; beside ``auto`` alone the baseline is trained.
        seeds: number of runs of each.
        verified: numbers of verified images, beside all.
        bounds: verdicts on images of T, by the name of the bound.
        images: root of the pictures, for examples to look at.
        path_template: of them.
        batch_size: in place of that of the configs.
        recipes: file of recipes that take the place of a search.
        options: settings that replace those of all configs.
        command: that was given, for the page.

    Raises:
        InputError: one of them cannot be used, or another comparison writes there.
    """
    check_template(path_template)
    _check_folders(out, images)
    MMLogger.get_instance('compare', log_level='WARNING')  # no list of all weights of every model
    init_default_scope('mmpretrain')
    files = bounds or {}
    single = [name for name in systems if name != AUTO] or ['baseline']
    known = load_systems(
        single, features, {**(options or {}), 'index': str(index.resolve())}, [*files]
    )
    names = to_train(single, known)
    _check_bounds(files, [known[name] for name in names])
    given = read_recipes(recipes, known) if recipes else {}
    data = Data(known[names[0]].cfg)
    sizes = _sizes(data, verified)
    examples = choose_examples(data)
    with lock(out):
        paths = of_bounds(index / 'train', files, out.resolve() / 'indexes')
        trainer = Trainer(data, out, known, paths, batch_size)
        grid = Grid(trainer, names, range(seeds), sizes, examples, given)
        runs, choices = grid.run(), []
        if AUTO in systems:
            # Its rates are chosen for the batches that it is given.
            size = {'train_dataloader.batch_size': batch_size} if batch_size else {}
            auto = AutoRuns(data, index, features, out, {**(options or {}), **size}, examples)
            choices = auto.run(range(seeds), sizes)
            runs += [one.run for one in choices]
        write_json(out / 'results.json', _table(runs))
        used = {name: grid.recipe(name, sizes[-1])._asdict() for name in names}
        write_json(out / 'recipes.json', used)
        notes = {
            'Images': f'{len(data.train):,} in T, {len(data.validation):,} in V, '
            f'{len(data.test):,} in test; {len(data.index("train").classes):,} classes',
            'Features': ', '.join(f'{key} {value}' for key, value in data.provenance.items()),
            'Command': command,
        }
        evaluated = describe(data, examples, images, path_template)
        (out / 'auto.md').unlink(missing_ok=True)
        if choices:
            with atomic_write(out / 'auto.md') as file:
                file.write(choices_table(choices, evaluated))
            notes['Chosen on V'] = ', '.join(
                f'{one.method} (seed {one.run.seed}, {one.run.verified:,} verified)'
                for one in choices
            )
        write_report(out, evaluated, runs, notes, grid.trained(sizes[-1]))


def read_recipes(path: Path, systems: Mapping[str, System]) -> Dict[str, Recipe]:
    """The recipes of a file, by system; those of systems that are not compared are left out.

    Raises:
        InputError: the file cannot be read, is none of recipes, or has none for the systems.
    """
    try:
        found = json.loads(path.read_text('utf-8'))
        recipes = {str(name): Recipe.parse(values) for name, values in found.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise InputError(
            f'{path}: is no file of recipes ({error}); give {{"SYSTEM": {{"factor": 1.0}}}}'
        ) from error
    recipes = {name: recipe for name, recipe in recipes.items() if name in systems}
    if not recipes:
        raise InputError(
            f'{path}: has no recipe of a system that is compared; systems are {", ".join(systems)}'
        )
    for name, recipe in recipes.items():
        choices = choices_of(systems, name)
        if recipe.choice and recipe.choice not in choices:
            raise InputError(
                f'{path}: {name} has no choice={recipe.choice!r}; choices are {[*choices]}'
            )
    return recipes


def _check_folders(out: Path, images: Optional[Path]) -> None:
    """Refuses folders that cannot be used before hours are spent."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f'--out {out}: is no folder ({error.strerror}); name another') from error
    if images is not None and not images.is_dir():
        raise InputError(f'--images {images}: there is no such folder; check the path')


def _check_bounds(bounds: Mapping[str, ReleaseFile], systems: Sequence[System]) -> None:
    used = {system.get('bound') for system in systems}
    for name in bounds:
        if name not in used:
            raise InputError(
                f'--{name.replace("_", "-")}: none of --systems learns from it; leave it out, or '
                f'add {name}'
            )


def _sizes(data: Data, wanted: Sequence[int]) -> List[int]:
    num = len(data.validation)
    sizes = sorted({*wanted, num})
    if sizes[-1] > num:
        raise InputError(
            f'--verified {sizes[-1]}: there are {num:,} verified images; give at most that'
        )
    return sizes


def _table(runs: Sequence[Run]) -> Dict[str, List[dict]]:
    """The runs as results.json has them."""
    keys = ('method', 'seed', 'verified')
    return {
        'rows': [
            {**{key: getattr(run, key) for key in keys}, **run.metrics, 'seconds': run.seconds}
            for run in runs
        ]
    }
