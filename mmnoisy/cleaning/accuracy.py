"""How many labels are right before and after cleaning, where verdicts tell (pure NumPy)."""

from __future__ import annotations

from typing import List

import numpy as np

from mmnoisy.cleaning.pairs import KEPT, Outcome, match_verdicts
from mmnoisy.datasets.csr import Csr

COLUMNS = ('WrongInClass', 'Classes', 'Rated', 'RightBefore', 'RightAfter', 'Gain')
LEVELS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


class Accuracy:
    """Counts of rated noisy labels, by class.

    A label that was there is right if it was verified present; after cleaning, if it was kept and
    verified present or removed and verified absent.

    Args:
        num_classes: C.
    """

    def __init__(self, num_classes: int) -> None:
        self.rated, self.wrong, self.right_after = np.zeros((3, num_classes), np.int64)

    def add(self, pairs: np.ndarray, outcome: Outcome, verdicts: Csr) -> None:
        """Counts the pairs of some images.

        Args:
            pairs: (P,) of type ``PAIR``, ``image`` being the row of the verdicts.
            outcome: what became of them.
            verdicts: on the images.
        """
        rated, wrong = match_verdicts(pairs, verdicts, len(self.rated))
        rated &= ~np.isnan(pairs['before'])
        label, wrong, kept = pairs['label'][rated], wrong[rated], outcome.kind[rated] == KEPT
        for count, which in (
            (self.rated, np.ones(len(label), bool)),
            (self.wrong, wrong),
            (self.right_after, kept != wrong),
        ):
            count += np.bincount(label[which], minlength=len(count))

    def rows(self) -> List[List[str]]:
        """The rows of a CSV file with the columns ``COLUMNS``, the first one of all classes.

        The others are of classes of which so large a part of the rated labels is wrong.
        """
        share = np.divide(
            self.wrong, self.rated, out=np.zeros(len(self.rated)), where=self.rated > 0
        )
        level = np.clip(np.searchsorted(LEVELS, share, 'left') - 1, 0, len(LEVELS) - 2)
        groups = {'all': self.rated > 0}
        for k, (low, high) in enumerate(zip(LEVELS, LEVELS[1:])):
            groups[f'{low:.0%} to {high:.0%}'] = (self.rated > 0) & (level == k)
        return [self._row(name, classes) for name, classes in groups.items() if classes.any()]

    def _row(self, name: str, classes: np.ndarray) -> List[str]:
        rated = self.rated[classes].sum()
        before = 1 - self.wrong[classes].sum() / rated
        after = self.right_after[classes].sum() / rated
        shares = [f'{share:.4f}' for share in (before, after, after - before)]
        return [name, str(classes.sum()), str(rated), *shares]
