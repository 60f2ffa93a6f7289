"""The systems of a comparison: each is a config, and what it starts from is its ``load_from``.

What a grid needs to know beyond that stands in one key of the config, where it is needed:
``experiment = dict(...)`` with

- ``shares_recipe_with``: the system that its learning rates are searched with;
- ``choices``: settings to search besides the rates: by a name, what to change in the config, the
  first one is the config's own;
- ``judged_by``: the system that goes on from this one, and whose scores decide in its search; it
  has the choice of this one;
- ``rows``: the rows of the tables that it gives, each by what to change in the trained model; by
  default one of its own name;
- ``bound``: it trains on T with the verdicts of this file, ``--bound-...`` of the command;
- ``filter``: it trains on T without the labels that cleanlab finds wrong, see
  :func:`mmnoisy.experiments.filtering.filtered`;
- ``average_with``: the systems whose classifiers its own is averaged with in the end;
- ``measures``: the metrics whose mean decides in searches, by default AP_all and MAP.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

from mmengine.config import Config

from mmnoisy.config_files import configs_folder
from mmnoisy.engine.config import load_config
from mmnoisy.engine.sets import trained_on
from mmnoisy.errors import InputError

SUFFIX = '_tiny'
PAPER = (
    'baseline',
    'finetune_clean',
    'finetune_mixed',
    'misra',
    'joint_pretrained',
    'joint',
    'bound_verdicts',
    'bound_truth',
)
BASELINES = (
    'asl',
    'selective',
    'large_loss_rejection',
    'large_loss_correction',
    'splc',
    'mlc',
    'cleanlab_filter',
)
"""Other papers' ways to learn from noisy and verified labels."""
OWN = (
    'baseline_soft',
    'joint_soft',
    'joint_listed',
    'finetune_listed',
    'best',
    'bound_verdicts_best',
)
"""What learns better than the paper's method, its parts one by one, and their bound."""
SYSTEMS = (*PAPER, *BASELINES, *OWN)
AUTO = 'auto'
"""No config, but a choice of one for each run, see :mod:`mmnoisy.experiments.auto_runs`."""
FILTERED_BY = ('baseline', 'finetune_clean')
"""Whose probabilities tell which labels of T are wrong."""


@dataclass(frozen=True)
class System:
    """One config of a comparison.

    Attributes:
        name: in tables and folders.
        cfg: resolved, on features.
    """

    name: str
    cfg: Config

    def get(self, key: str, default: Any = None) -> Any:
        """What its ``experiment`` says, see the module."""
        return (self.cfg.get('experiment') or {}).get(key, default)

    @property
    def start(self) -> Optional[str]:
        """The system whose weights it starts from; None for random ones."""
        return stem(self.cfg.load_from) if self.cfg.get('load_from') else None

    @property
    def rows(self) -> Dict[str, Dict[str, Any]]:
        """The rows that it gives, each by what to change in the trained model."""
        return self.get('rows', {self.name: {}})

    @property
    def uses_verdicts(self) -> bool:
        """Whether the number of verified images matters to it."""
        return 'validation' in trained_on(self.cfg)


def load_systems(
    wanted: Sequence[str],
    features: Path,
    options: Mapping[str, Any],
    bounds: Sequence[str] = (),
) -> Dict[str, System]:
    """Systems, and all that they start from or share something with; each after its start.

    Args:
        wanted: names of :data:`SYSTEMS`, of other configs of this kind, or paths of configs.
        features: folder of the feature banks.
        options: settings that replace those of every config.
        bounds: those for which there are verdicts.

    Raises:
        InputError: there is no such system, or it needs a bound that is not there.
    """
    found: Dict[str, System] = {}

    def add(name: str) -> None:
        if stem(name) in found:
            return
        system = System(stem(name), load_config(config_path(name), None, options, 'none', features))
        bound = system.get('bound')
        if bound and bound not in bounds:
            raise InputError(
                f'--systems {system.name}: give --{bound.replace("_", "-")} CSV, its labels of T'
            )
        if system.start:
            add(system.start)
        found[system.name] = system
        shared = [system.get('shares_recipe_with'), system.get('judged_by')]
        for other in (*shared, *(FILTERED_BY if system.get('filter') else ())):
            if other:
                add(other)

    for name in wanted:
        add(name)
    return found


def to_train(wanted: Sequence[str], systems: Mapping[str, System]) -> List[str]:
    """Which systems a comparison trains: those wanted and those that they and their search need."""
    needed: Dict[str, None] = {}

    def add(name: str) -> None:
        system = systems[name]
        for other in (system, systems[system.get('shares_recipe_with') or name]):
            if other.start:
                add(other.start)
        needed.setdefault(name)

    for name in wanted:
        add(stem(name))
    return [*needed]


def names(beyond: bool, bounds: Sequence[str]) -> List[str]:
    """The systems of the paper, and with ``beyond`` all, without bounds that are not there."""
    missing = {'bound_verdicts', 'bound_truth'} - {*bounds}
    every = (*SYSTEMS, AUTO) if beyond else PAPER
    return [name for name in every if not any(name.startswith(bound) for bound in missing)]


def stem(name: str) -> str:
    """The name of a system, of its config or of its work dir."""
    stem = Path(name).stem
    return stem[: -len(SUFFIX)] if stem.endswith(SUFFIX) else stem


def config_path(name: str) -> Path:
    """The config of a system, or the path of one itself.

    Raises:
        InputError: there is no such system.
    """
    if name.endswith('.py'):
        return Path(name)
    for folder in (configs_folder(), configs_folder() / 'baselines'):
        path = folder / f'{name}{SUFFIX}.py'
        if path.is_file():
            return path
    raise InputError(
        f'--systems {name}: is no system; systems are {", ".join((*SYSTEMS, AUTO))}, or give a '
        'config file'
    )
