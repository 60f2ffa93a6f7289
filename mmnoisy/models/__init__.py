"""Where labels are cleaned and learned: features, targets, heads, the joint classifier."""

from mmnoisy import stack  # noqa: F401, says in a sentence what is missing
from mmnoisy.models.dual_head_classifier import DualHeadClassifier
from mmnoisy.models.gated_correction_head import GatedCorrectionHead
from mmnoisy.models.given_features import GivenFeatures
from mmnoisy.models.inception_v3 import InceptionV3Features
from mmnoisy.models.label_cleaning_head import LabelCleaningHead
from mmnoisy.models.label_correspondence import CorrespondenceHead
from mmnoisy.models.logit_cleaning_head import LogitCleaningHead
from mmnoisy.models.logit_mapping_head import LogitMappingHead
from mmnoisy.models.losses import LargeLoss, SelectiveLoss, SPLCLoss
from mmnoisy.models.meta_correction import MetaCorrectionClassifier
from mmnoisy.models.necks import Standardize
from mmnoisy.models.noise_model_head import NoiseModelHead
from mmnoisy.models.targets import stack_targets

__all__ = [
    'CorrespondenceHead',
    'DualHeadClassifier',
    'GatedCorrectionHead',
    'GivenFeatures',
    'InceptionV3Features',
    'LabelCleaningHead',
    'LargeLoss',
    'LogitCleaningHead',
    'LogitMappingHead',
    'MetaCorrectionClassifier',
    'NoiseModelHead',
    'SPLCLoss',
    'SelectiveLoss',
    'Standardize',
    'stack_targets',
]
