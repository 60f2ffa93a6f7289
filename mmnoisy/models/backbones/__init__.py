"""Backbones: from pictures, or from a feature bank, to features."""

from mmnoisy.models.backbones.inception_v3 import InceptionV3Features
from mmnoisy.models.backbones.precomputed_features import PrecomputedFeatures

__all__ = ['InceptionV3Features', 'PrecomputedFeatures']
