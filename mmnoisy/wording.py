"""Numbers of things in sentences."""

from __future__ import annotations


def counted(number: int, thing: str) -> str:
    """A number and what it is of, in the singular where it is one.

    Args:
        number: how many.
        thing: one of them, a noun at its end.

    Example:
        >>> counted(1, 'row'), counted(2400, 'noisy label'), counted(0, 'class')
        ('1 row', '2,400 noisy labels', '0 classes')
    """
    several = 'es' if thing.endswith(('s', 'ch', 'x')) else 's'
    return f'{number:,} {thing}{several if number != 1 else ""}'
