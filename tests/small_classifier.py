"""A small release, an untrained classifier of its pictures as config and checkpoint."""

import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from conftest import REPO, write_release
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS

from mmnoisy.datasets import LabelIndex
from mmnoisy.datasets.release.layout import find_release
from mmnoisy.datasets.release.prepare import prepare
from mmnoisy.engine.sets import resolve
from mmnoisy.experiments.project_config import WITHOUT_TEST

NAMES = ('ant', 'bee', 'cat', 'dog', 'elk', 'fox')

CONFIG = """
_base_ = [
    '{configs}/_base_/datasets/open_images.py',
    '{configs}/_base_/schedules/tiny_baseline.py',
    '{configs}/_base_/default_runtime.py',
]
keys = ('noisy_label', 'noisy_score', 'verified_pos', 'verified_neg')
pack = dict(type='PackInputs', algorithm_keys=keys)
pipeline = [dict(type='LoadPicture'), dict(type='Resize', scale=64), pack]
common = dict(type='OpenImages', data_root='{root}', pipeline=pipeline)
noisy_set = dict(ann_file='index/train', data_prefix='train', **common)
verified_set = dict(ann_file='index/validation', data_prefix='validation', **common)
test_set = dict(ann_file='index/test', data_prefix='test', test_mode=True, **common)
train_dataloader = dict(
    batch_size=5,
    num_workers=0,
    dataset=['noisy_set', 'verified_set'],
    sampler=dict(source_ratio=[9, 1]),
)
val_dataloader = dict(batch_size=5, num_workers=0)
test_dataloader = val_dataloader
visualizer = dict(type='UniversalVisualizer', vis_backends=[])
model = dict(
    type='DualHeadClassifier',
    data_preprocessor=dict(
        mean=[127.0, 120.0, 110.0], std=[60.0, 50.0, 40.0], to_rgb=True, num_classes=6
    ),
    backbone=dict(type='ResNet', depth=18, stem_channels=8, base_channels=8),
    neck=dict(type='GlobalAveragePooling'),
    freeze_backbone=True,
    head=dict(type='MultiLabelLinearClsHead', num_classes=6, in_channels=64),
)
"""


def make(root):
    """Writes config.py and weights.pth beside a release; returns their paths and the model."""
    write_release(root, num_images=12)
    rng = np.random.default_rng(0)
    for path in root.glob('*/*.jpg'):  # noise looks all the same; these have colours
        cv2.imwrite(str(path), cv2.resize(rng.integers(256, size=(3, 3, 3), dtype='u1'), (48, 40)))
    prepare(find_release(root), root / 'index')
    (root / 'config.py').write_text(CONFIG.format(configs=REPO / 'configs', root=root))
    cfg = Config.fromfile(root / 'config.py')
    resolve(cfg)
    init_default_scope('mmpretrain')
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    model.init_weights()
    torch.nn.init.normal_(model.head.fc.weight, std=0.5)
    meta = {**LabelIndex.open(root / 'index/test').metainfo, 'class_names': NAMES}
    checkpoint = dict(state_dict=model.state_dict(), meta=dict(dataset_meta=meta))
    torch.save(checkpoint, root / 'weights.pth')
    return SimpleNamespace(
        root=root,
        cfg=cfg,
        config=str(root / 'config.py'),
        weights=str(root / 'weights.pth'),
        model=model.eval(),
        pictures=sorted((root / 'test').glob('*.jpg')),
        meta=meta,
    )


def scores(model, path, size=64):
    """The scores of one picture, the plain way."""
    picture = cv2.resize(cv2.imread(str(path)), (size, size))[:, :, ::-1].astype(np.float32)
    picture = (picture - [127, 120, 110]) / [60, 50, 40]
    with torch.no_grad():
        feats = model.backbone(torch.from_numpy(picture).float().permute(2, 0, 1)[None])
        return torch.sigmoid(model.head.fc(feats[-1].mean((2, 3))))[0].numpy()


def run(tool, *command):
    """Runs a tool in this process."""
    path = str(REPO / 'tools' / tool)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(sys, 'argv', [path, *map(str, command)])
        runpy.run_path(path, run_name='__main__')


def refused(capsys, tool, *command):
    """The one sentence that a tool ends in."""
    with pytest.raises(SystemExit) as end:
        run(tool, *command)
    assert end.value.code == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if 'error: ' in line]
    return line


def without_test(config, folder):
    """The path of the same config without a test set, as of a project that has none."""
    lines = ['test_pipeline = pipeline', *(f'{key} = None' for key in WITHOUT_TEST)]
    text = (
        Path(config).read_text().replace('val_dataloader = dict(batch_size=5, num_workers=0)\n', '')
    )
    text = text.replace('test_dataloader = val_dataloader\n', '')
    (folder / 'no_test.py').write_text('\n'.join([text, *lines]))
    return folder / 'no_test.py'
