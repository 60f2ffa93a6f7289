"""What lies beside a checkpoint: thresholds, and the map from its scores to probabilities."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Dict, List, Sequence

import numpy as np
import torch

from mmnoisy.errors import InputError
from mmnoisy.evaluation.calibration import fit_isotonic, fit_temperature, interpolate, temper
from mmnoisy.io.atomic import write_json
from mmnoisy.wording import counted

FORMAT, VERSION = 'mmnoisy calibration', 1
METHODS = ('isotonic', 'temperature', 'none')


def calibration_path(checkpoint: str) -> Path:
    """Where the calibration of a checkpoint is: ``epoch_12.calibration.json``."""
    return Path(checkpoint).with_suffix('.calibration.json')


@dataclass(frozen=True)
class Calibration:
    """Thresholds of a classifier, and what its scores mean.

    Attributes:
        classes: its class list, C.
        thresholds: (C,) in [0, 1], of calibrated scores; a label is given from there on.
        method: one of ``METHODS``, with the parameters that it has: ``temperature``, or ``score``
            and ``probability`` of the knots, see :mod:`mmnoisy.evaluation.calibration`.
        figures: how it was made and what it reached; kept, not used.
    """

    classes: List[str]
    thresholds: np.ndarray
    method: Dict[str, Any]
    figures: Dict[str, Any] = field(default_factory=dict)

    @classmethod
    def none(cls, classes: List[str], threshold: float = 0.5) -> Calibration:
        """Scores as they are, and one threshold."""
        return cls(classes, np.full(len(classes), threshold), dict(name='none'))

    @classmethod
    def fit(
        cls, classes: List[str], score: np.ndarray, present: np.ndarray, name: str
    ) -> Calibration:
        """A map from scores (P,) of verified pairs to probabilities; thresholds of 0.5."""
        method: Dict[str, Any] = dict(name=name)
        if name == 'temperature':
            method['temperature'] = fit_temperature(score, present)
        elif name == 'isotonic':
            knots = fit_isotonic(score, present)
            method['score'], method['probability'] = (values.tolist() for values in knots)
        return replace(cls.none(classes), method=method)

    def apply(self, score: torch.Tensor) -> torch.Tensor:
        """Calibrated scores, of any shape, float32."""
        if self.method['name'] == 'temperature':
            return temper(score, self.method['temperature'])
        if self.method['name'] == 'isotonic':
            knots = (score.new_tensor(self.method[key]) for key in ('score', 'probability'))
            return interpolate(score, *knots)
        return score

    def apply_to(self, score: np.ndarray) -> np.ndarray:
        """The same for a NumPy array."""
        return self.apply(torch.from_numpy(score.astype(np.float32))).numpy()

    def with_thresholds(self, thresholds: float | Sequence[float] | np.ndarray) -> Calibration:
        """The same with other thresholds, one or (C,).

        Raises:
            InputError: they are not between 0 and 1, or of another number.
        """
        try:
            chosen = np.broadcast_to(np.asarray(thresholds, np.float64), len(self.classes))
        except ValueError:
            raise InputError(
                f'thresholds: {np.shape(thresholds)} values for '
                f'{counted(len(self.classes), "class")}; give one for each, or one for all'
            ) from None
        wrong = chosen[~((chosen >= 0) & (chosen <= 1))]
        if len(wrong):
            raise InputError(f'threshold {wrong[0]:g}: is not between 0 and 1; give a score')
        return replace(self, thresholds=chosen.copy())

    def write(self, path: Path, checkpoint: str) -> None:
        """Writes it as JSON, for this checkpoint.

        Raises:
            InputError: the disk is full.
        """
        values = dict(
            format=FORMAT,
            version=VERSION,
            checkpoint_sha256=_sha256(checkpoint),
            method=self.method,
            figures=self.figures,
            classes=self.classes,
            thresholds=self.thresholds.tolist(),
        )
        write_json(path, values)

    @classmethod
    def read(cls, path: Path, checkpoint: str, classes: List[str]) -> Calibration:
        """Reads and checks the calibration of a checkpoint with this class list.

        Raises:
            InputError: it is damaged, or of another checkpoint or class list.
        """
        mend = 'run tools/calibrate.py again, or remove the file'
        try:
            values = json.loads(path.read_text('utf-8'))
            if (values['format'], values['version']) != (FORMAT, VERSION):
                raise ValueError(f'not a calibration of version {VERSION}')
            of_file = values['checkpoint_sha256'], values['classes']
            _check_method(values['method'])
            found = cls.none(values['classes'])
            found = found.with_thresholds([float(value) for value in values['thresholds']])
            found = replace(found, method=values['method'], figures=values['figures'])
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise InputError(f'{path}: cannot be used ({error}); {mend}') from error
        for what, value, expected in zip(
            ('checkpoint', 'class list'), of_file, (_sha256(checkpoint), classes)
        ):
            if value != expected:
                raise InputError(f'{path}: was made for another {what}; {mend}')
        return found


def _check_method(method: Dict[str, Any]) -> None:
    """Raises ValueError, KeyError or TypeError unless the method can be applied."""
    if method['name'] not in METHODS:
        raise ValueError(f'its method is {method["name"]!r}')
    if method['name'] == 'temperature' and not 0 < float(method['temperature']) < np.inf:
        raise ValueError(f'its temperature is {method["temperature"]}')
    if method['name'] == 'isotonic':
        score, probability = (np.array(method[key], float) for key in ('score', 'probability'))
        rising = (np.diff(score) > 0).all() and (np.diff(probability) >= 0).all()
        inside = all(0 <= v <= 1 for v in (*score, *probability))
        if not (score.shape == probability.shape and len(score) > 1 and rising and inside):
            raise ValueError('its scores or probabilities do not rise between 0 and 1')


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()
