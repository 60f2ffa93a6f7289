"""Where labels are cleaned and learned: features, targets, heads, the joint classifier."""

from mmnoisy import stack  # noqa: F401, says in a sentence what is missing
from mmnoisy.models.backbones import (
    InceptionV3Features,
    PrecomputedFeatures,
    TIMMFeatures,
)
from mmnoisy.models.classifier import DualHeadClassifier
from mmnoisy.models.heads import (
    ClassMapHead,
    Cleaned,
    CleaningHead,
    GatedCorrectionHead,
    HierarchicalCleaningHead,
    LabelCleaningHead,
    LogitCleaningHead,
    LogitMappingHead,
    NoiseModelHead,
)
from mmnoisy.models.losses import LargeLoss, RobustLoss, SelectiveLoss, SPLCLoss
from mmnoisy.models.meta_correction import MetaCorrectionClassifier
from mmnoisy.models.necks import Standardize
from mmnoisy.models.old_names import refuse_old_names
from mmnoisy.models.targets import stack_targets

refuse_old_names()

__all__ = [
    'ClassMapHead',
    'Cleaned',
    'CleaningHead',
    'DualHeadClassifier',
    'GatedCorrectionHead',
    'HierarchicalCleaningHead',
    'InceptionV3Features',
    'LabelCleaningHead',
    'LargeLoss',
    'LogitCleaningHead',
    'LogitMappingHead',
    'MetaCorrectionClassifier',
    'NoiseModelHead',
    'PrecomputedFeatures',
    'RobustLoss',
    'SPLCLoss',
    'SelectiveLoss',
    'Standardize',
    'TIMMFeatures',
    'stack_targets',
]
