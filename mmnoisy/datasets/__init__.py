"""Where labels come in: release files, label index, feature bank, datasets, mixing of T and V."""

from importlib import import_module
from typing import Any

SUBSETS = ('train', 'validation', 'test')
"""The folders of T, V and the held-out set, in the folder of the indexes."""

# Imported when they are asked for: what only reads and counts labels needs no PyTorch.
_MODULES = {
    'ConcatFeatures': 'open_images_features',
    'FeatureBank': 'feature_bank',
    'LabelIndex': 'label_index',
    'LoadPicture': 'pictures.loading',
    'LoadRandomResizedCrop': 'pictures.loading',
    'OpenImages': 'open_images',
    'OpenImagesDemo': 'open_images_demo',
    'OpenImagesFeatures': 'open_images_features',
    'RatioSampler': 'ratio_sampler',
}
__all__ = [*_MODULES]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(f'{__name__}.{_MODULES[name]}'), name)
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
