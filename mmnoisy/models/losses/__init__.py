"""Losses of other papers for labels that may be wrong or missing: baselines beside cleaning.

Each is registered in MMPretrain and goes into the ``loss`` of any multi-label head. In a
:class:`mmnoisy.models.DualHeadClassifier` it also learns which labels people have verified.
"""

from mmnoisy.models.losses.base import RobustLoss
from mmnoisy.models.losses.large_loss import LargeLoss
from mmnoisy.models.losses.selective_loss import SelectiveLoss
from mmnoisy.models.losses.splc_loss import SPLCLoss

__all__ = ['LargeLoss', 'RobustLoss', 'SPLCLoss', 'SelectiveLoss']
