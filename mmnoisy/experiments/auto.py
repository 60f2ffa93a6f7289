"""``method='auto'``: which method suits a data set, found out on its verified images.

Everything is judged by models that have not seen the verdicts that judge them (cross-fitting on
V). What is cheap comes first: the start is chosen from classifiers that learn T alone, then the
cleaning network, its sibling the teacher, the learning rates and the method. Few verdicts hardly
tell methods apart, so the mean of all of them is taken unless one of them is surely ahead. The
comparison is repeated with other parts of V as often as a bounded number of steps allows.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence

import numpy as np
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope

import mmnoisy.components  # noqa: F401
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.errors import InputError, like
from mmnoisy.experiments import portfolio
from mmnoisy.experiments.choosing import Choosing
from mmnoisy.experiments.portfolio import METHODS, START, Candidate
from mmnoisy.experiments.trials import Trials
from mmnoisy.io.atomic import atomic_path


class Choice(NamedTuple):
    """The method that was chosen.

    Attributes:
        method: the candidate.
        settings: what is changed in its config, by ``key.subkey``.
        start: the checkpoint that its training begins with.
        members: the checkpoints that its classifier is averaged with in the end, by method.
        config: of the training on all of T and V, on features;
            :func:`mmnoisy.engine.partial_training.train_here` trains it.
        tried: what was tried, by what it was tried for, ``start``, ``biases``, ``cleaner``,
            ``teacher``, ``rate`` and ``methods``, the simplest first; numbers and
            texts only.
        cross_fitted: (2, P) float32, scores and cleaned labels of the verified pairs of V, by
            models that have not seen them.
        trials: all candidates, before V.
    """

    method: Candidate
    settings: Dict[str, Any]
    start: Path
    members: Dict[str, Path]
    config: Config
    tried: Dict[str, Any]
    cross_fitted: np.ndarray
    trials: Trials


def require_methods(names: Sequence[str]) -> None:
    """Refuses names that are those of no method.

    Raises:
        InputError: one is.
    """
    unknown = [name for name in names if name not in METHODS]
    if unknown:
        raise InputError(
            f'--method {unknown[0]}: is none{like(unknown[0], METHODS)}; methods are auto, '
            f'{", ".join(METHODS)}'
        )


def choose(
    index: Path,
    features: Path,
    out: Path,
    seed: int = 0,
    options: Optional[Mapping[str, Any]] = None,
    only: Sequence[str] = METHODS,
    processes: Optional[int] = 1,
) -> Choice:
    """Chooses a method on V; the same call goes on where it was ended.

    Args:
        index: folder of the label indexes.
        features: folder of their feature banks.
        out: folder of what was trained and scored on the way.
        seed: of all trainings and of the parts of V.
        options: settings that replace those of all methods, by ``key.subkey``.
        only: names of the methods to choose from.
        processes: that train at once, see
            :func:`mmnoisy.experiments.processes.number_of_processes`.

    Raises:
        InputError: the data cannot be used, V is too small, or ``out`` is of another choice.
    """
    require_methods(only)
    if not MMLogger.check_instance_created('mmnoisy'):  # no list of all weights of every model
        MMLogger.get_instance('mmnoisy', log_level='WARNING')
    init_default_scope('mmpretrain')
    facts = portfolio.facts(LabelIndex.open(Path(index) / 'train'))
    starts = portfolio.starts(facts['confident'])
    settings = {**(options or {}), 'index': str(Path(index).resolve())}
    trials = Trials(Path(features), Path(out), seed, settings, starts[0], processes)
    if trials.num_verified < 2:
        raise InputError(
            f'{index}/validation: has {trials.num_verified} verified image; verify more, since two '
            'are the least to choose a method on'
        )
    choosing = Choosing(trials)
    soft = choosing.start(starts)
    cleaner = choosing.cleaner(portfolio.cleaners(soft))
    choosing.teacher(portfolio.teachers(soft))
    given = dict(cleaner=cleaner, weight=facts['weight'])
    factor = choosing.rate(given)
    candidates = portfolio.methods(**given, factor=factor)
    for one in candidates:
        trials.add(one)
    chosen = choosing.method([one for one in candidates if one.name in only])
    begins = trials.begun[chosen.begins_with]
    at_the_start = [n for n in chosen.average_with if trials.candidate(n).begins_with == START]
    trials.train_all([begins, *at_the_start])  # the others begin with the teacher
    trials.train_all(chosen.average_with)
    start = trials.weights(begins)
    members = {name: trials.weights(name) for name in chosen.average_with}
    cross_fitted = choosing.scores(chosen.name)
    config = trials.config(chosen.name)
    changes = {**chosen.changes, **(options or {})}
    if chosen.factor != 1:
        changes['optim_wrapper'] = {**config.optim_wrapper.to_dict(), '_delete_': True}
    return Choice(chosen, changes, start, members, config, choosing.tried, cross_fitted, trials)


def hooks_with_members(choice: Choice, folder: Path, named: str) -> List[Dict[str, Any]]:
    """The ``custom_hooks`` of the chosen method, with what it is averaged with copied beside it.

    Args:
        choice: of a method that is averaged with others.
        folder: to copy their checkpoints to, each as ``NAME.pth``.
        named: how the config names that folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, path in choice.members.items():
        with atomic_path(folder / f'{name}.pth') as part:
            shutil.copyfile(path, part)
    checkpoints = [f'{named}/{name}.pth' for name in choice.members]
    hooks = [hook.to_dict() for hook in choice.config.custom_hooks]
    return [
        {**hook, 'checkpoints': checkpoints} if hook['type'] == 'AverageHeadHook' else hook
        for hook in hooks
    ]
