"""Which pictures a config has, what size it needs, and how it finds them elsewhere."""

from pathlib import Path

import pytest
from conftest import REPO

from mmnoisy.engine.config import load_config
from mmnoisy.engine.picture_sets import needed_edge, options_for, pictures_of_config
from mmnoisy.errors import InputError


def test_a_config_with_one_root_for_all():
    cfg = load_config(REPO / 'configs/joint_tiny.py')
    assert options_for(cfg, Path('small')) == [
        'data_root=small',
        f'index={Path.cwd() / "data/tiny-open-images/index"}',
    ]


@pytest.mark.parametrize(('name', 'edge'), [('joint_openimages', 342), ('joint_tiny', 128)])
def test_what_the_configs_need(name, edge):
    assert needed_edge(load_config(REPO / f'configs/{name}.py')) == edge


@pytest.mark.parametrize(
    ('first', 'edge'),
    [
        (dict(type='LoadRandomResizedCrop', scale=224), 256),
        (dict(type='mmpretrain.EfficientNetCenterCrop', crop_size=299), 342),
        (dict(type='Resize', scale=(500, 300)), 500),
        (dict(type='RandomCrop', crop_size=32), None),
        (dict(type='Resize', scale_factor=0.5), None),
    ],
)
def test_what_a_pipeline_needs(first, edge):
    cfg = load_config(REPO / 'configs/joint_tiny.py')
    cfg.noisy_set.pipeline = [dict(type='LoadPicture'), first, dict(type='CenterCrop', crop_size=9)]
    if edge is not None:
        assert needed_edge(cfg) == max(edge, 128)
        return
    with pytest.raises(InputError, match='depends on the size of the pictures; say with --short'):
        needed_edge(cfg)


def test_pictures_of_a_config_that_has_several_places(small):
    for change, complaint in (
        (dict(data_root='/elsewhere'), 'its pictures are not below one data_root; shrink'),
        (dict(data_prefix=str(small.root / 'train')), 'its pictures are not below one data_root'),
        (dict(pipeline=None), 'is on features; give a config on pictures'),
    ):
        cfg = load_config(small.config)
        cfg.noisy_set.update(change)
        cfg.noisy_set.ann_file = str(small.root / 'index/train')
        if 'pipeline' in change:
            del cfg.noisy_set.pipeline
        with pytest.raises(InputError, match=complaint):
            pictures_of_config(cfg)
