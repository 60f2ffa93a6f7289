"""Heads: label cleaning networks, and a classifier of what is visible."""

from mmnoisy.models.heads.base import Cleaned, CleaningHead
from mmnoisy.models.heads.class_map import ClassMapHead
from mmnoisy.models.heads.gated_correction_head import GatedCorrectionHead
from mmnoisy.models.heads.hierarchical_cleaning_head import HierarchicalCleaningHead
from mmnoisy.models.heads.label_cleaning_head import LabelCleaningHead
from mmnoisy.models.heads.logit_cleaning_head import LogitCleaningHead
from mmnoisy.models.heads.logit_mapping_head import LogitMappingHead
from mmnoisy.models.heads.noise_model_head import NoiseModelHead

__all__ = [
    'ClassMapHead',
    'Cleaned',
    'CleaningHead',
    'GatedCorrectionHead',
    'HierarchicalCleaningHead',
    'LabelCleaningHead',
    'LogitCleaningHead',
    'LogitMappingHead',
    'NoiseModelHead',
]
