"""``method='auto'``: the method that suits T and V, and what it begins with."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from mmnoisy.engine.config import load_config
from mmnoisy.engine.transforms import at_rate
from mmnoisy.errors import InputError
from mmnoisy.experiments.auto import choose
from mmnoisy.experiments.portfolio import START, TEACHER, Candidate
from mmnoisy.experiments.project_config import WITHOUT_TEST
from mmnoisy.experiments.systems import System, config_path

AUTO = 'auto'


def chosen_candidates(
    root: Path, num_verified: int, seed: int, options: Mapping[str, Any]
) -> List[Dict[str, Any]]:
    """The method that is chosen on V, after those that it begins with.

    Args:
        root: see :func:`mmnoisy.arrays.data_set.opened`; what was trained is kept there.
        num_verified: number of images of V.
        seed: of all trainings.
        options: settings that replace those of all configs.

    Returns:
        The fields of each by name.

    Raises:
        InputError: V is too small to choose by.
    """
    if num_verified < 2:
        raise InputError(
            f"method='auto': chooses by verdicts, and there are {num_verified} verified images; "
            "verify more, or fit method='baseline'"
        )
    choice = choose(
        root / 'index', root / 'features', root / 'runs', seed, {**options, **WITHOUT_TEST}
    )
    trials, method = choice.trials, choice.method
    stages = (START, TEACHER) if method.begins_with == TEACHER else (START,)
    names = [trials.begun[stage] for stage in stages]
    names += method.average_with
    return [one._asdict() for one in (*map(trials.candidate, names), method)]


def systems_of(
    candidates: Sequence[Mapping[str, Any]], root: Path, options: Mapping[str, Any]
) -> Tuple[Dict[str, System], List[str]]:
    """The systems of candidates, and their names.

    Args:
        candidates: their fields by name, of :func:`chosen_candidates`.
        root: as above.
        options: as above.
    """
    systems: Dict[str, System] = {}
    keys: Dict[str, str] = {}
    for fields in candidates:
        one = Candidate(**fields)
        settings = {**one.changes, **options, **WITHOUT_TEST}
        cfg = load_config(config_path(one.system), None, settings, 'none', root / 'features')
        cfg.load_from = keys.get(one.begins_with)
        cfg.pop('experiment', None)
        if one.average_with:
            cfg.experiment = dict(average_with=[keys[name] for name in one.average_with])
        if one.factor != 1:
            cfg = at_rate(cfg, one.factor)
        systems[one.key] = System(one.key, cfg)
        keys[one.name] = one.key
        keys.setdefault(TEACHER if one.begins_with else START, one.key)
    return systems, [*systems]
