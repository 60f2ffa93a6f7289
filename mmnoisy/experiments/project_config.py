"""The config of a project: one of the project's own configs, moved to one's own data."""

from __future__ import annotations

import os
from pathlib import Path
from pprint import pformat
from typing import Any, Dict, List, Mapping, NamedTuple, Optional

from mmengine.config import ConfigDict

from mmnoisy.config_files import PREFIX, configs_folder, mmpretrain_config
from mmnoisy.datasets.project import Project
from mmnoisy.engine.config import load_config
from mmnoisy.errors import InputError
from mmnoisy.experiments.systems import config_path
from mmnoisy.models.backbones.timm_features import create_network

WITHOUT_TEST: Dict[str, Any] = dict.fromkeys(
    ('test_set', *(f'{part}_{key}' for part in ('val', 'test') for key in ('dataloader', 'cfg'))),
)
WITHOUT_TEST.update(val_evaluator=None, test_evaluator=None)
"""Settings of a run that has no test set."""
DEFAULT = 'tf_efficientnet_lite0'
_KEYS = ('noisy_label', 'noisy_score', 'verified_pos', 'verified_neg')
_HEADER = '''r"""{text}

Written by mmnoisy run; index.html says what it was chosen against. It trains again with
python tools/train.py {name} --features {features}
"""

_base_ = {base!r}

data_root = {pictures!r}
index = "{{{{ fileDirname }}}}/{index}"
'''


class Pictures(NamedTuple):
    """How pictures become features.

    Attributes:
        model: settings of a model up to its heads: ``data_preprocessor``, ``backbone``, ``neck``.
        resize: transforms of the pictures between loading and packing; none where there are only
            features.
        width: D, of the features.
    """

    model: Dict[str, Any]
    resize: List[Dict[str, Any]]
    width: int


def pictures_of(backbone: str, weights: Optional[str], size: Optional[int] = None) -> Pictures:
    """What a user asks for.

    Args:
        backbone: the name of a network of timm, ``hf-hub:OWNER/NAME``, or the path or the name of a
            config of MMPretrain.
        weights: a file; None: timm fetches its own.
        size: edge of the pictures; None: what the network was made for.

    Raises:
        InputError: there is no such network, or it needs what is missing.
    """
    config = mmpretrain_config(backbone)
    if config is not None:
        return _mmpretrain_pictures(backbone, config, weights, size)
    return _timm_pictures(backbone, weights, size)


def _mmpretrain_pictures(
    name: str, config: Path, weights: Optional[str], size: Optional[int]
) -> Pictures:
    """Backbone, neck and transforms of a config of MMPretrain."""
    if weights is None:
        raise InputError(f'--backbone {name}: give its checkpoint with --weights')
    cfg = load_config(config)
    model, loader = cfg.get('model') or {}, cfg.get('test_dataloader') or {}
    width = (model.get('head') or {}).get('in_channels')
    steps = (loader.get('dataset') or {}).get('pipeline')
    if not model.get('backbone') or not width or not steps:
        raise InputError(
            f'--backbone {name}: needs a model with a backbone and a head with in_channels, and a '
            'test_dataloader; give a config of an image classifier'
        )
    scale = dict(model.get('data_preprocessor') or cfg.get('data_preprocessor') or {})
    scale.pop('num_classes', None)
    own = dict(
        data_preprocessor=dict(scale, _delete_=True),
        backbone=dict(
            model['backbone'],
            init_cfg=dict(type='Pretrained', checkpoint=weights, prefix='backbone.'),
        ),
        neck=model.get('neck'),
    )
    resize = [step for step in steps if step['type'] not in ('LoadImageFromFile', 'PackInputs')]
    if size:
        resize = [dict(type='Resize', scale=size)]
    return Pictures(ConfigDict(own).to_dict(), ConfigDict(a=resize).to_dict()['a'], width)


def _timm_pictures(name: str, weights: Optional[str], size: Optional[int]) -> Pictures:
    """A network of timm."""
    network = create_network(name, f'--backbone {name}')
    cfg = network.pretrained_cfg
    given = dict(checkpoint_path=weights) if weights else dict(pretrained=True)
    scale = {key: [255 * value for value in cfg[key]] for key in ('mean', 'std')}
    model = dict(
        data_preprocessor=dict(to_rgb=True, **scale),
        backbone=dict(type='TIMMFeatures', model_name=name, **given),
        neck=None,
    )
    resize = [dict(type='Resize', scale=size or int(cfg['input_size'][-1]))]
    return Pictures(model, resize, int(network.num_features))


def precomputed(width: int) -> Pictures:
    """Features (N, D) that somebody else has computed; there are no pictures to look at."""
    backbone = dict(type='PrecomputedFeatures', channels=width)
    return Pictures(dict(data_preprocessor={}, backbone=backbone, neck=None), [], width)


def config_text(
    project: Project,
    pictures: Pictures,
    has_test: bool,
    system: str,
    settings: Mapping[str, Any],
    start: str = '',
    text: str = 'What the features are extracted by.',
    path: Optional[Path] = None,
) -> str:
    """The config as a Python file.

    Args:
        project: that it is for.
        pictures: how they become features.
        has_test: whether there are verified test images.
        system: the name of the config that it inherits from.
        settings: changes of it, by ``key.subkey``.
        start: the checkpoint that training begins with, in the folder of the config.
        text: its first line.
        path: of the config, default the project's own.
    """
    own = dict(pictures.model)
    before = own['neck'] or []
    neck = [*([before] if isinstance(before, dict) else before)]
    neck.append(dict(type='Standardize', in_channels=pictures.width))
    own.update(neck=neck, head=dict(in_channels=pictures.width))
    own['backbone'] = dict(own['backbone'], _delete_=True)
    values: Dict[str, Any] = dict(model=own)
    if pictures.resize:
        load = dict(type='LoadPicture'), *pictures.resize
        pack = dict(type='PackInputs', algorithm_keys=_KEYS)
        flip = dict(type='RandomFlip', prob=0.5, direction='horizontal')
        values.update(train_pipeline=[*load, flip, pack], test_pipeline=[*load, pack])
    # Without a template of the project the index knows the paths.
    place = dict(data_prefix='', path_template=project.info.get('path_template'))
    values.update(noisy_set=place, verified_set=place, test_set=place)
    if not has_test:
        values.update(WITHOUT_TEST)
    for key, value in settings.items():
        _put(values, key.split('.'), value)
    path = path or project.config
    head = _HEADER.format(
        text=text,
        name=path,
        index=os.path.relpath(project.index, path.parent).replace(os.sep, '/'),
        features=project.features,
        base=f'{PREFIX}{config_path(system).relative_to(configs_folder()).as_posix()}',
        pictures=_data_root(project, path.parent),
    )
    load_from = f'load_from = "{{{{ fileDirname }}}}/{start}"\n' if start else ''
    lines = (f'{key} = {pformat(value, width=90)}\n' for key, value in values.items())
    return f'{head}{load_from}\n{"".join(lines)}'


def _data_root(project: Project, folder: Path) -> str:
    """The folder of the pictures for a config in a folder of the project, which may be moved."""
    if project.pictures is None:
        return ''
    if os.path.isabs(project.info['pictures']):
        return project.info['pictures']
    return f'{{{{ fileDirname }}}}/{os.path.relpath(project.pictures, folder)}'.replace(os.sep, '/')


def _put(values: Dict[str, Any], path: list, value: Any) -> None:
    """Sets what ``a.b.c`` names in nested settings; an own copy of each level."""
    *outer, last = path
    for key in outer:
        values[key] = dict(values.get(key) or {})
        values = values[key]
    values[last] = value
