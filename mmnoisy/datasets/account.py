"""What became of the rows of a source of labels."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Dict

from mmnoisy.errors import InputError
from mmnoisy.wording import counted


@dataclass
class Account:
    """What became of the rows of a source: rows = kept + dropped.

    A row is what the format calls one: a line of a table, an annotation, a picture in a folder.

    Attributes:
        rows: read, headers and blank lines not counted.
        dropped: rows left out, by reason.
        examples: for each reason the first value left out and where it stands.
    """

    rows: int = 0
    dropped: Counter = field(default_factory=Counter)
    examples: Dict[str, str] = field(default_factory=dict)

    def drop(self, reason: str, count: int = 1, example: str = '') -> None:
        """Counts rows as left out."""
        if count:
            self.dropped[reason] += count
            if example:
                self.examples.setdefault(reason, example)

    def entry(self, path: str, kept: int) -> Dict[str, Any]:
        """What the JSON of an index says of a file.

        Args:
            path: of the file.
            kept: how many labels of it are in the index.
        """
        return {
            'path': path,
            'rows': self.rows,
            'kept': kept,
            'dropped': dict(self.dropped),
            'examples': self.examples,
        }

    def why(self) -> str:
        """Why most of the rows that are left out are so, to be put behind a statement."""
        if not self.dropped:
            return ''
        ((reason, count),) = self.dropped.most_common(1)
        example = f', the first: {self.examples[reason]}' if reason in self.examples else ''
        return f' ({count:,} {reason}{example})'

    def useless(self, path: str, mend: str) -> InputError:
        """That a file has no row which can be used, and why.

        Args:
            path: of the file.
            mend: what to do about it.
        """
        if not self.rows:
            return InputError(f'{path}: has no row; {mend}')
        return InputError(
            f'{path}: none of its {counted(self.rows, "row")} can be used{self.why()}; {mend}'
        )


def two_absences(path: Any, zeros: int, minus: int) -> InputError:
    """What to raise about a file of verdicts that says absent by 0 and by -1."""
    return InputError(
        f'{path}: has {counted(zeros, "verdict")} of 0 and {counted(minus, "verdict")} of -1, so '
        'what says absent cannot be told; write 1 for present, 0 for absent, and leave out all '
        'others'
    )
