"""Names of classes for people and other tools, one for each class."""

from __future__ import annotations

import re
from collections import Counter
from typing import List, Sequence


def distinct_names(ids: Sequence[str], names: Sequence[str]) -> List[str]:
    """The names of C classes, no two alike and none empty.

    A name that several classes share is followed by the id, ``Crane (/m/01dws)``; a class
    without a name has its id.

    Args:
        ids: of the classes, all different.
        names: in the same order; may be empty and may be shared.
    """
    count = Counter(names)
    found = [
        key if not name else name if count[name] == 1 else f'{name} ({key})'
        for key, name in zip(ids, names)
    ]
    return found if len({*found}) == len(found) else distinct_names(ids, found)


def plain(name: str) -> str:
    """A name without case, spaces and punctuation: ``T-shirt`` is ``t shirt``."""
    return re.sub(r'[\W_]+', '', name.casefold())
