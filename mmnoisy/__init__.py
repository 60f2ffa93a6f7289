"""Learning from millions of noisy labels with a few verified ones, in MMPretrain.

Importing the package registers its components in ``mmpretrain.registry``, so that any MMPretrain
config can use them after ``custom_imports = dict(imports=['mmnoisy'])``.
"""

import warnings

# mmcv-lite has no compiled operators, and nothing here or in MMPretrain needs this one.
warnings.filterwarnings('ignore', message='Fail to import ``MultiScaleDeformableAttention``')

from mmnoisy import apis, datasets, evaluation, models  # noqa: E402
from mmnoisy.engine import allow_mmengine_checkpoints  # noqa: E402
from mmnoisy.errors import InputError  # noqa: E402

__all__ = ['InputError', 'apis', 'datasets', 'evaluation', 'models']
__version__ = '0.1.0'

allow_mmengine_checkpoints()
