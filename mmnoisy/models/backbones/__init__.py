"""Backbones: from pictures, or from a feature bank, to features."""

from mmnoisy.models.backbones.inception_v3 import InceptionV3Features
from mmnoisy.models.backbones.precomputed_features import PrecomputedFeatures
from mmnoisy.models.backbones.timm_features import TIMMFeatures

__all__ = ['InceptionV3Features', 'PrecomputedFeatures', 'TIMMFeatures']
