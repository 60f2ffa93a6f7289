"""How far long work has come: a bar in a terminal, a line a minute in a log."""

from __future__ import annotations

import sys
from typing import Any, Iterable, Optional

from tqdm import tqdm

MINUTE = 60.0
_LINE = '{desc}{n_fmt}/{total_fmt}{unit} [{elapsed}<{remaining}, {rate_fmt}]'


def progress(
    what: str,
    items: Optional[Iterable] = None,
    total: Optional[int] = None,
    unit: str = 'it',
    wanted: bool = True,
    **options: Any,
) -> tqdm:
    """Shows on standard error how far some work has come.

    Where that is no terminal, what takes less than a minute shows nothing.

    Args:
        what: is done, such as ``'cleaning'`` or ``'best, seed 2, fold 3'``.
        items: that are worked on, for a loop; without them call ``update(number)``.
        total: their number, where they do not tell it.
        unit: of their number, such as ``'images'``.
        wanted: False for all processes of a run but the first.
        **options: of tqdm.

    Returns:
        tqdm's bar, for a loop or a ``with`` block; its ``set_description`` changes ``what``.
    """
    settings = dict(total=total, unit=f' {unit}', disable=not wanted, dynamic_ncols=True, **options)
    settings['desc'] = what and f'{what}: '  # as set_description has it
    if sys.stderr.isatty():
        return tqdm(items, **settings)
    return _Lines(items, **settings)


class _Lines(tqdm):
    """Writes a line a minute, and one at the end."""

    def __init__(self, items: Optional[Iterable], **settings: Any) -> None:
        times = dict(delay=MINUTE, mininterval=MINUTE, maxinterval=MINUTE)
        super().__init__(items, **{'bar_format': _LINE, **settings, **times, 'leave': False})

    def set_description(self, desc: Optional[str] = None, refresh: bool = True) -> None:
        """Changes what is done, for the next line."""
        super().set_description(desc, refresh=False)

    def display(self, msg: Optional[str] = None, pos: Optional[int] = None) -> bool:
        """Writes a line, where tqdm would write over the one before."""
        if msg is None:
            print(self, file=sys.stderr, flush=True)
        return False

    def close(self) -> None:
        """Writes the last line, of what took long enough to have one."""
        if not self.disable and self._time() - self.start_t >= MINUTE:
            self.display()
        super().close()
