"""What single fields of a label file mean (pure)."""

from __future__ import annotations

import math
from typing import Dict

_VOLUNTEER = b'crowdsource-verification'
_HUMAN = (b'human', b'verification', _VOLUNTEER)

# What a verdict is coded as; -1 and 0 both say absent, but only one of them in a file.
ABSENT, PRESENT, MINUS = range(3)
_VERDICTS = {
    **dict.fromkeys((b'false', b'no'), ABSENT),
    **dict.fromkeys((b'true', b'yes'), PRESENT),
}
_CODES: Dict[float, int] = {0: ABSENT, 1: PRESENT, -1: MINUS}


def _number(text: bytes) -> float:
    try:
        return float(text) if b'_' not in text else math.nan
    except ValueError:
        return math.nan


def confidence_of(text: bytes) -> float:
    """A number in [0, 1]; -1 for any other text."""
    value = _number(text)
    return value if 0 <= value <= 1 else -1


def code_of_verdict(text: bytes) -> float:
    """``ABSENT``, ``PRESENT`` or ``MINUS``; -1 for any other text."""
    code = _VERDICTS.get(text.lower())
    return _CODES.get(_number(text), -1) if code is None else code


def weight_of_label(source: bytes) -> float:
    """1 for a machine label, 0 for the source of a verdict."""
    return 0 if source in _HUMAN else 1


def weight_of_verdict(source: bytes) -> float:
    """1 for a volunteer's verdict, 1024 for another, 0 for a machine label."""
    return {b'machine': 0, _VOLUNTEER: 1}.get(source, 1024)
