"""Names from before: those in configs end in a sentence that gives the new one, keys are mapped."""

from __future__ import annotations

import functools
import warnings
from typing import Any, Callable

from mmpretrain.registry import MODELS

from mmnoisy.errors import InputError

TYPES = {'GivenFeatures': 'PrecomputedFeatures', 'CorrespondenceHead': 'ClassMapHead'}
SETTINGS = {
    'DualHeadClassifier': {
        'unlisted': "unannotated ('former' is 'teacher')",
        'unlisted_weight': 'unannotated_weight',
    },
    'LabelCleaningHead': {'correspondence': 'class_map'},
    'LogitMappingHead': {'correspondence': 'class_map'},
    'LargeLoss': {
        'epoch_length': 'epoch_images, in images: batches times the images of a batch',
        'suspects': 'rejection_mask',
    },
    'SPLCLoss': {'start': 'start_images, in images: batches times the images of a batch'},
}
KEYS = {
    'former_head.': 'teacher_head.',
    'cleaning_head.correspondence.': 'cleaning_head.class_map.',
}


def refuse_old_names() -> None:
    """Lets old types and settings of configs end in one sentence, once all types are registered."""
    for old, new in TYPES.items():
        MODELS.register_module(name=old, module=_refused_type(old, new))
    for name, settings in SETTINGS.items():
        kind = MODELS.get(name)
        kind.__init__ = _refusing(kind.__init__, name, settings)


def rename_old_keys(state_dict: dict, prefix: str = '') -> None:
    """Gives the weights of an earlier checkpoint their present names.

    Args:
        state_dict: is changed.
        prefix: of the classifier in it.
    """
    for key in [*state_dict]:
        for old, new in KEYS.items():
            if key.startswith(prefix + old):
                state_dict[prefix + new + key[len(prefix + old) :]] = state_dict.pop(key)
        if key.startswith(prefix) and key.endswith('.loss_module.batches'):
            del state_dict[key]
            warnings.warn(
                f'{key}: an earlier version counted batches and not images; the schedule of the '
                'loss begins anew',
                stacklevel=2,
            )


def _refused_type(old: str, new: str) -> Callable[..., None]:
    def refuse(**_: Any) -> None:
        raise InputError(f'type={old!r}: is now called {new!r}')

    return refuse


def _refusing(
    init: Callable[..., None], name: str, settings: dict[str, str]
) -> Callable[..., None]:
    @functools.wraps(init)
    def checked(self: Any, *args: Any, **kwargs: Any) -> None:
        for old in settings.keys() & kwargs.keys():
            raise InputError(f'{name}.{old}={kwargs[old]!r}: is now called {settings[old]}')
        init(self, *args, **kwargs)

    return checked
