"""Learning from millions of noisy labels with a few verified ones, in MMPretrain.

After ``custom_imports = dict(imports=['mmnoisy'])`` any MMPretrain config can use the components,
which are registered in ``mmpretrain.registry``. Without MMEngine the import costs nothing.
"""

import warnings
from importlib import import_module
from typing import Any

from mmnoisy import registration
from mmnoisy.errors import InputError

_MODULES = ('apis', 'datasets', 'evaluation', 'metrics', 'models')
_FUNCTIONS = {
    'NoisyLabelClassifier': 'mmnoisy.arrays',
    'read_labels': 'mmnoisy.datasets.sources.reading',
}
__all__ = ['InputError', 'NoisyLabelClassifier', *_MODULES, 'read_labels']
__version__ = '0.2.0'

# mmcv-lite has no compiled operators, and nothing here or in MMPretrain needs this one.
warnings.filterwarnings('ignore', message='Fail to import ``MultiScaleDeformableAttention``')
registration.prepare()


def __getattr__(name: str) -> Any:
    if name in _FUNCTIONS:
        return getattr(import_module(_FUNCTIONS[name]), name)
    if name in _MODULES:
        return import_module(f'mmnoisy.{name}')
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
