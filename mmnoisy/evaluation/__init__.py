"""Where labels are judged: average precision on verified pairs."""

from mmnoisy import stack  # noqa: F401, says in a sentence what is missing
from mmnoisy.evaluation.average_precision import average_precision
from mmnoisy.evaluation.verified_average_precision import VerifiedAveragePrecision

__all__ = ['VerifiedAveragePrecision', 'average_precision']
