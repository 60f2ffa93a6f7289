"""Where labels are cleaned and learned: features, targets, heads, the joint classifier."""

from mmnoisy.models.dual_head_classifier import DualHeadClassifier
from mmnoisy.models.given_features import GivenFeatures
from mmnoisy.models.inception_v3 import InceptionV3Features
from mmnoisy.models.label_cleaning_head import LabelCleaningHead
from mmnoisy.models.logit_cleaning_head import LogitCleaningHead
from mmnoisy.models.noise_model_head import NoiseModelHead
from mmnoisy.models.targets import stack_targets

__all__ = [
    'DualHeadClassifier',
    'GivenFeatures',
    'InceptionV3Features',
    'LabelCleaningHead',
    'LogitCleaningHead',
    'NoiseModelHead',
    'stack_targets',
]
