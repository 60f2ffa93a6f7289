"""What a comparison keeps of every run and hands to its report."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Dict, Mapping, NamedTuple, Optional, Sequence
from zipfile import BadZipFile

import numpy as np

from mmnoisy.errors import InputError
from mmnoisy.experiments.decision import Interval

ARRAYS = ('scores', 'top', 'top_scores', 'cleaned')


@dataclass(frozen=True)
class Run:
    """One system, trained once."""

    method: str
    seed: int
    verified: int
    """Number of verified images it was given."""
    seconds: float
    """Of training and evaluation."""
    metrics: Dict[str, float]
    """Of the ``test_evaluator`` of its config."""
    protocols: Dict[str, Dict[str, float]]
    """``AP_all`` and ``MAP`` under other rules, by the name of the rule."""
    scores: np.ndarray
    """(P,) float32, of every verified pair of the test index."""
    top: np.ndarray
    """(E, 5) class ids of the highest scores on the example images."""
    top_scores: np.ndarray
    """(E, 5)."""
    cleaned: Optional[np.ndarray]
    """(P,) float32 in [0, 1], cleaned labels of the pairs; None for systems that clean nothing."""

    def write(self, folder: Path) -> None:
        """Writes ``METHOD.json`` and ``METHOD.npz`` into ``folder``."""
        values = asdict(self)
        arrays = {key: values.pop(key) for key in ARRAYS}
        given = {key: array for key, array in arrays.items() if array is not None}
        np.savez(folder / f'{self.method}.npz', **given)
        (folder / f'{self.method}.json').write_text(json.dumps(values, indent=1) + '\n', 'utf-8')

    @classmethod
    def read(cls, folder: Path, method: str, verified: int) -> Run:
        """Reads what :meth:`write` has written.

        Args:
            folder: of the run.
            method: one of its rows.
            verified: the number of verified images to show it at.

        Raises:
            InputError: a file is missing or damaged.
        """
        try:
            values = json.loads((folder / f'{method}.json').read_text('utf-8'))
            with np.load(folder / f'{method}.npz', allow_pickle=False) as arrays:
                values.update({key: arrays[key] for key in arrays.files})
            return cls(**{'cleaned': None, **values, 'verified': verified})
        except (OSError, EOFError, ValueError, TypeError, KeyError, BadZipFile) as error:
            raise InputError(
                f'{folder}: the run is damaged ({error}); remove this folder, and the same command '
                'makes it again'
            ) from error


class AutoRun(NamedTuple):
    """One choice, trained on all of T and V, and tested.

    Attributes:
        run: as that of any system.
        method: the method that was chosen.
        on_v: of :func:`mmnoisy.experiments.judgement.judged`, cross-fitted on V.
    """

    run: Run
    method: str
    on_v: Mapping[str, Interval]


@dataclass(frozen=True)
class Example:
    """A picture to look at."""

    image_id: str
    picture: Optional[Path]
    present: Sequence[int]
    absent: Sequence[int]
    noisy: Sequence[int]


@dataclass(frozen=True)
class Evaluated:
    """The set that the systems are tested on."""

    class_names: Sequence[str]
    class_categories: Sequence[Sequence[str]]
    """None: the class is in 'others'."""
    image: np.ndarray
    """(P,) row of the image of every verified pair, rising."""
    class_id: np.ndarray
    """(P,)."""
    present: np.ndarray
    """(P,) bool, the verdict."""
    noisy: np.ndarray
    """(P,) bool, the machine gave this label."""
    frequency: np.ndarray
    """(C,) machine labels in T."""
    quality: np.ndarray
    """(C,) share of the rated machine labels that are right, NaN where none is rated."""
    examples: Sequence[Example]
    is_open_images: bool = False
    """Whether the paper's figures are of this data set."""


class Trained(NamedTuple):
    """How a system was trained, for the readers of a report.

    Attributes:
        method: the row of the tables.
        text: what it does, in words.
        factor: of the learning rates of its config.
        choice: of its settings; '' where there is none.
        tried: what a search has tried, each with ``factor``, ``choice`` and ``score``; empty where
            there was none.
        at_edge: the best learning rates are the smallest or largest of these.
    """

    method: str
    text: str
    factor: float
    choice: str = ''
    tried: Sequence[Mapping[str, Any]] = ()
    at_edge: bool = False
