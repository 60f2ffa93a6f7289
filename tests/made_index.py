"""A generated data set with features, and a model with random weights that cleans it."""

import json

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS

from mmnoisy.datasets import FeatureBank, LabelIndex
from mmnoisy.datasets.csr import Csr
from mmnoisy.datasets.release.ids import texts_of_numbers
from mmnoisy.engine.sets import resolve

CONFIG = """
default_scope = 'mmpretrain'
custom_imports = dict(imports=['mmnoisy'], allow_failed_imports=False)
model = dict(
    type='DualHeadClassifier',
    data_preprocessor=dict(num_classes={classes}),
    backbone=dict(type='PrecomputedFeatures', channels={dim}),
    head=dict(type='MultiLabelLinearClsHead', num_classes={classes}, in_channels={dim}),
    cleaning_head=dict(
        type='LabelCleaningHead',
        num_classes={classes},
        in_channels={dim},
        embed_dims=16,
        hidden_dims=16,
        act_cfg=dict(type='ReLU'),
    ),
)
common = dict(type='OpenImagesFeatures', data_root='{root}')
noisy_set = dict(ann_file='index/train', features='features/train', **common)
verified_set = dict(ann_file='index/validation', features='features/validation', **common)
test_set = dict(ann_file='index/test', features='features/test', test_mode=True, **common)
loader = dict(batch_size=16, num_workers=0, collate_fn=dict(type='keep_batch'))
train_dataloader = dict(
    dataset=['noisy_set', 'verified_set'],
    sampler=dict(type='RatioSampler', source_ratio=[9, 1]),
    **loader,
)
test_dataloader = dict(
    dataset='test_set', sampler=dict(type='DefaultSampler', shuffle=False), **loader
)
test_evaluator = dict(type='VerifiedAveragePrecision')
test_cfg = dict()
optim_wrapper = dict(optimizer=dict(type='Adam', lr=0.01))
train_cfg = dict(by_epoch=True, max_epochs=1)
custom_hooks = [dict(type='ClassListHook')]
default_hooks = dict(
    runtime_info=dict(type='LazyRuntimeInfoHook'),
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=100),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', interval=1),
    sampler_seed=dict(type='DistSamplerSeedHook'),
)
visualizer = dict(type='UniversalVisualizer', vis_backends=[])
randomness = dict(seed=0)
"""


def make_labels(num_images, num_classes, subset, seed):
    """Random labels, about five an image, some images without any; verdicts but for train."""
    rng = np.random.default_rng(seed)
    image_ids = np.unique(rng.integers(2**64, size=num_images, dtype=np.uint64))
    image = rng.integers(num_images, size=5 * num_images)
    cell = np.unique(image * num_classes + rng.integers(num_classes, size=len(image)))
    start = np.searchsorted(cell, np.arange(num_images + 1) * num_classes)
    label = (cell % num_classes).astype(np.uint16)
    value = rng.integers(5, 11, len(cell)).astype(np.float32) / np.float32(10)
    present = rng.random(len(cell)) < 0.6
    noisy, verdicts = Csr(start, label, value), Csr(start, label, present)
    if subset == 'train':
        verdicts = Csr(np.zeros_like(start), label[:0], present[:0])
    classes = [f'/m/0{k:04d}' for k in range(num_classes)]
    names = [f'class, "{k}"' for k in range(num_classes)]
    info = dict(subset=subset, classes=classes, class_names=names, class_categories=[], files=[])
    return LabelIndex(texts_of_numbers(image_ids), noisy, verdicts, info)


def make_data_set(root, sizes=(300, 60, 60), num_classes=12, dim=8):
    """Writes index, features, ``config.py`` and ``model.pth`` into ``root``."""
    for seed, (subset, size) in enumerate(zip(('train', 'validation', 'test'), sizes)):
        index = make_labels(size, num_classes, subset, seed)
        index.write(root / 'index' / subset)
        if not size:
            continue  # no file of no length can be mapped
        bank = FeatureBank.create(root / 'features' / subset, index.image_ids, 1, dim, {})
        rng = np.random.default_rng(seed)
        for start in range(0, size, 4096):
            rows = np.arange(start, min(start + 4096, size))
            bank.write(rows, rng.normal(size=(len(rows), 1, dim)))
    config = root / 'config.py'
    config.write_text(CONFIG.format(root=root, classes=num_classes, dim=dim))
    save_model(config, root / 'model.pth')


def save_model(config, path, classes=None):
    """A checkpoint with random weights, whose cleaning head removes and adds labels."""
    torch.manual_seed(0)
    init_default_scope('mmpretrain')
    model = MODELS.build(resolve(Config.fromfile(config)).model)
    model.init_weights()
    torch.nn.init.normal_(model.head.fc.weight, std=0.5)
    torch.nn.init.normal_(model.cleaning_head.output.weight, std=0.6)
    meta = dict(dataset_meta=dict(classes=classes)) if classes else {}
    torch.save(dict(state_dict=model.state_dict(), meta=meta), path)


def remove_usable(root, subset, rows):
    """Marks pictures of an index as unreadable, and takes their features out of the bank."""
    folder = root / 'index' / subset
    index = LabelIndex.open(folder)
    usable = np.setdiff1d(np.arange(len(index)), rows)
    np.save(folder / 'usable.npy', usable)
    old = root / 'features' / subset
    features = np.load(old / 'features.npy')[usable]
    new = root / 'features' / f'{subset}_usable'
    bank = FeatureBank.create(new, index.image_ids[usable], 1, features.shape[2], {})
    bank.write(np.arange(len(usable)), features.astype(np.float32))
    return json.loads((folder / 'index.json').read_text())


def cleaning_arguments(root, out, *more):
    """The command line of ``clean_labels.py`` for a data set made here."""
    files = [str(root / name) for name in ('config.py', 'model.pth')]
    return [*files, '--out', str(root / out), '--block-images', '16', *more]
