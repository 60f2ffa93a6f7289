"""Every config is loaded, built and takes a step, on pictures and on features of a few images."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import (
    HEADER,
    REPO,
    SUBSETS,
    WEIGHTS,
    mid,
    script_environment,
    write_csv,
    write_release,
)
from mmengine.hooks import Hook
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS

from mmnoisy.datasets import FeatureBank, LabelIndex
from mmnoisy.datasets.release.files import ReleaseFile
from mmnoisy.datasets.release.layout import find_release
from mmnoisy.datasets.release.prepare import prepare
from mmnoisy.engine.config import load_config
from mmnoisy.engine.runner import build_runner
from mmnoisy.engine.sets import (
    fill_classes,
    parts_of,
    trained_on,
)

CONFIGS = sorted((REPO / 'configs').glob('*.py'))
LARGE = 'joint_openimages_vit_huge_fsdp'
NUM_CLASSES = 20


@pytest.fixture(scope='module')
def workspace(tmp_path_factory, demo_root):
    """A folder with the data that the configs name; the number of classes is that of an index."""
    root = tmp_path_factory.mktemp('workspace')
    for name, size in (('openimages', 310), ('tiny-open-images', 64)):
        folder = root / 'data' / name
        write_release(folder, NUM_CLASSES, num_images=12, size=(size, size))
        prepare(find_release(folder), folder / 'index')
    prepare_objects(folder)  # that of tiny-open-images
    for subset in SUBSETS:
        ids = LabelIndex.open(folder / 'index' / subset).image_ids
        bank = FeatureBank.create(folder / 'features' / subset, ids, 2, 48, {})
        bank.write(np.arange(12), np.random.default_rng(0).random((12, 2, 48)))
    (root / 'data/digits').symlink_to(demo_root)
    (root / 'data/weights').mkdir()
    import timm

    real = WEIGHTS / 'tf_efficientnet_lite0_timm.pth'
    weights = root / 'data/weights' / real.name
    if real.exists():
        weights.symlink_to(real)
    else:
        torch.save(timm.create_model('tf_efficientnet_lite0').state_dict(), weights)
    return root


def prepare_objects(folder):
    """The index in which each image of V and test has one of 15 objects, named as 15 nodes."""
    objects = [(mid(k), f'object {k}') for k in range(15)]
    write_csv(folder / 'objects.csv', objects)
    human = {}
    for subset in SUBSETS[1:]:
        ids = LabelIndex.open(folder / 'index' / subset).image_ids
        rows = [(i, 'verification', objects[k][0], 1) for k, i in enumerate(ids)]
        write_csv(folder / f'{subset}-objects.csv', [HEADER, *rows])
        human['human', subset] = ReleaseFile(folder / f'{subset}-objects.csv')
    release = find_release(folder, given=human)
    release = release._replace(verdict_classes=ReleaseFile(folder / 'objects.csv'))
    prepare(release, folder / 'index_objects', complete_verdicts=True)


def shrink(cfg, work_dir):
    """The same run, two batches long, ten images: one of V at 9 : 1. No worker processes."""
    cfg.work_dir, cfg.launcher = str(work_dir), 'none'
    cfg.train_cfg = dict(type='ResumableTrainLoop', max_iters=2, val_interval=2)
    cfg.log_processor = dict(by_epoch=False)
    cfg.param_scheduler = None
    cfg.randomness = dict(seed=0)  # the images of V that are drawn have wrong labels to clean
    cfg.load_from = None
    cfg.default_hooks.checkpoint = dict(type='WholeCheckpointHook', by_epoch=False, interval=2)
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        loader.update(batch_size=5, num_workers=0, persistent_workers=False)
    cfg.val_dataloader.dataset.indices = 4
    cfg.visualizer = dict(type='UniversalVisualizer', vis_backends=[])
    return cfg


class RememberWeights(Hook):
    """Keeps the weights as they are after initialisation."""

    def before_train(self, runner):
        self.before = {k: p.detach().clone() for k, p in runner.model.named_parameters()}
        self.without_gradient = {k for k, p in runner.model.named_parameters() if p.requires_grad}
        for name in [*self.without_gradient]:
            parameter = runner.model.get_parameter(name)
            parameter.register_hook(lambda _, name=name: self.without_gradient.discard(name))

    def moved(self, model):
        return {k for k, p in model.named_parameters() if not torch.equal(p, self.before[k])}


def steps(cfg, work_dir, name):
    """Trains two steps; which parts of the model have moved."""
    cfg = shrink(cfg, work_dir)
    cfg.experiment_name = name
    runner = build_runner(cfg)
    weights = RememberWeights()
    runner.register_hook(weights)
    runner.train()
    assert not weights.without_gradient  # several processes would wait for them
    values = runner.message_hub.get_scalar('val/AP_all').current()
    assert 0 <= values <= 100
    return {name.split('.')[0] for name in weights.moved(runner.model)}


def parts_that_learn(cfg):
    """Names of the parts of the model that the settings of a config train."""
    cleaning = cfg.model.get('cleaning_head')
    learns = cleaning and cleaning.get('loss_weight') != 0 and cleaning.type != 'ClassMapHead'
    sets = {*trained_on(cfg)}
    # Meta label correction learns from what the labels of T do to verdicts.
    needed = {'validation'} | ({'train'} if cfg.model.type.startswith('Meta') else set())
    expected = {'cleaning_head'} if learns and sets >= needed else set()
    if cfg.model.head.get('loss', {}).get('loss_weight') != 0:
        expected |= {'head'}
    on_pictures = cfg.model.backbone.type != 'PrecomputedFeatures'
    if on_pictures and not cfg.model.get('freeze_backbone'):
        expected |= {'backbone'}
    return expected


def make_small(cfg):
    """Pictures of the least size that Inception-v3 takes."""
    for part in (*parts_of(cfg), cfg.val_dataloader.dataset):
        for transform in part.pipeline:
            for size in {'scale', 'crop_size'} & {*transform}:
                transform[size] = 75


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_config_builds_and_steps(path, workspace, tmp_path, monkeypatch):
    monkeypatch.chdir(workspace)
    cfg = load_config(path)
    if path.stem == LARGE:  # one layer of its 32, and no emulated bfloat16
        layer = dict(embed_dims=1280, num_layers=1, num_heads=16, feedforward_channels=5120)
        cfg.model.backbone.arch, cfg.optim_wrapper.type = layer, 'OptimWrapper'
        cfg.runner_type = None
    elif path.stem.endswith('openimages'):
        make_small(cfg)
    expected = parts_that_learn(cfg)
    assert steps(cfg, tmp_path, path.stem) == expected


OF_FEATURES = [path for path in CONFIGS if path.stem.endswith('_tiny')]
OF_FEATURES += sorted((REPO / 'configs/baselines').glob('*.py'))


@pytest.mark.parametrize('path', OF_FEATURES, ids=lambda path: path.stem)
def test_config_steps_on_features(path, workspace, tmp_path, monkeypatch):
    monkeypatch.chdir(workspace)
    pictures = load_config(path)
    features = load_config(path, features='data/tiny-open-images/features')
    assert trained_on(features) == trained_on(pictures)
    for name in ('optim_wrapper', 'param_scheduler', 'train_cfg', 'val_evaluator', 'randomness'):
        assert features.get(name) == pictures.get(name)
    expected = parts_that_learn(features)
    assert steps(features, tmp_path, f'{path.stem}_features') == expected


def test_the_large_backbone_has_its_size():
    init_default_scope('mmpretrain')
    cfg = load_config(REPO / f'configs/{LARGE}.py')
    fill_classes(cfg, dict(classes=['a class'] * 6012))
    with torch.device('meta'):
        model = MODELS.build(cfg.model)
    sizes = {name: part.weight.shape for name, part in model.named_modules() if 'fc' in name}
    assert sizes == {'head.fc': (6012, 1280)}
    assert len(model.backbone.layers) == 32
    weights = sum(parameter.numel() for parameter in model.backbone.parameters())
    assert weights == 630_764_800  # 632.0 M with the 1000 classes of ImageNet


@pytest.mark.slow
def test_the_large_backbone_steps_in_shards(workspace, tmp_path):
    """Two processes, with a small architecture in its place; one process tests what they save."""
    small = ['model.backbone.arch=deit-tiny', 'optim_wrapper.type=OptimWrapper']
    small += ['model.head.in_channels=192']
    for loader in ('train', 'val', 'test'):
        small += [f'{loader}_dataloader.{key}' for key in ('batch_size=6', 'num_workers=0')]
    run = ['train_cfg.max_iters=2', 'train_cfg.val_interval=2', 'param_scheduler.0.end=1']
    run += ['param_scheduler.1.begin=1', 'default_hooks.checkpoint.interval=1']
    config, folder = REPO / f'configs/{LARGE}.py', tmp_path / 'run'
    options = ['--auto-scale-lr', '--hold-back', '6', '--work-dir', folder]
    environment = script_environment()

    def succeeds(*command):
        command = [*map(str, command)]
        done = subprocess.run(command, cwd=workspace, env=environment, capture_output=True)
        assert done.returncode == 0, done.stderr[-3000:].decode()
        return done.stdout.decode()

    script = ['bash', REPO / 'tools/dist_train.sh', config, 2, *options]
    assert 'cleaned_precision' in succeeds(*script, '--cfg-options', *small, *run)
    assert sorted(path.name for path in folder.glob('*.pth')) == ['iter_1.pth', 'iter_2.pth']
    out = tmp_path / 'metrics.json'
    tool = [sys.executable, REPO / 'tools/test.py', config, folder / 'iter_2.pth', '--out', out]
    succeeds(*tool, '--cfg-options', *small)
    assert 0 <= json.loads(out.read_text())['AP_all'] <= 100


EXAMPLE = Path(__file__).parent.parent / 'docs/mixing.md'


def test_the_documented_resnet_config_runs(tmp_path, monkeypatch):
    """MMPretrain's own ResNet-50 config with the cleaning head and the sampler."""
    text = EXAMPLE.read_text()
    config = text.split('```python\n', 1)[1].split('```', 1)[0]
    monkeypatch.chdir(tmp_path)
    Path('my_config.py').write_text(config)
    write_release(Path('data/mine'), num_classes=20, num_images=12, size=(64, 64))
    prepare(find_release(Path('data/mine')), Path('data/mine/index'))
    cfg = shrink(load_config('my_config.py'), tmp_path / 'work_dir')
    cfg.experiment_name = 'documented'
    cfg.train_cfg.update(max_iters=6, val_interval=6)  # three images of V
    assert cfg.model.backbone.type == 'ResNet'
    assert cfg.model.backbone.depth == 50
    runner = build_runner(cfg)
    weights = RememberWeights()
    runner.register_hook(weights)
    runner.train()
    expected = {'cleaning_head.output.weight', 'head.fc.weight', 'backbone.conv1.weight'}
    assert expected <= weights.moved(runner.model)
