"""What stands between the backbone and the heads."""

from mmnoisy.models.necks.standardize import Standardize, identity_where_missing

__all__ = ['Standardize', 'identity_where_missing']
