"""Verdicts of images that list all that is present (pure NumPy)."""

from __future__ import annotations

import numpy as np

from mmnoisy.datasets.csr import Csr
from mmnoisy.datasets.release.index_builder import completed


def completed_images(verdicts: Csr, rows: np.ndarray, known: np.ndarray) -> Csr:
    """Verdicts with all absences: what was looked for in an image and is not listed.

    Args:
        verdicts: (N x C).
        rows: of the images that were looked at, with and without a verdict; negative ones do not
            count.
        known: (C,) whether a class was looked for; true where there is a verdict.
    """
    count = np.diff(verdicts.start)
    bare = np.zeros(len(count), bool)
    bare[rows[rows >= 0]] = True
    bare &= count == 0
    # One absence for each image without a verdict, so that all of it is completed.
    at = verdicts.start[:-1][bare]
    label, value = (np.insert(array, at, 0) for array in (verdicts.label, verdicts.value))
    whole = completed(Csr(np.append(0, np.cumsum(count + bare)), label, value), len(known))
    kept = known[whole.label]
    start = np.append(0, np.cumsum(kept))[whole.start]
    return Csr(start, whole.label[kept], whole.value[kept])
