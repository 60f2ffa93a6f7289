"""What stands between the backbone and the heads."""

from mmnoisy.models.necks.standardize import Standardize

__all__ = ['Standardize']
