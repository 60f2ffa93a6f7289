"""Every config is loaded, built and takes a step, on a small release with its own class count."""

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
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpretrain.registry import MODELS

from mmnoisy.datasets import FeatureBank, LabelIndex
from mmnoisy.datasets.release.files import ReleaseFile
from mmnoisy.datasets.release.layout import find_release
from mmnoisy.datasets.release.prepare import prepare

CONFIGS = sorted((REPO / 'configs').glob('*.py'))
LARGE = 'joint_openimages_vit_huge_fsdp'
ROWS = [
    'baseline',
    'baseline_soft',
    'best',
    'best_cleaner',
    'finetune_clean',
    'finetune_mixed',
    'joint',
    'joint_pretrained',
    'misra',
    'pretrain_cleaner',
]
# Verdicts of a vocabulary of their own; on the small data set only.
OBJECT_ROWS = [
    'baseline_objects',
    'best_cleaner_objects',
    'best_objects',
    'clean_objects',
    'finetune_clean_objects',
    'joint_objects',
]


@pytest.fixture(scope='module')
def workspace(tmp_path_factory, demo_root):
    """A folder with the data that the configs name."""
    root = tmp_path_factory.mktemp('workspace')
    for name, num_classes, size in (('openimages', 6012, 310), ('tiny-open-images', 516, 64)):
        folder = root / 'data' / name
        write_release(folder, num_classes, num_images=12, size=(size, size))
        prepare(find_release(folder), folder / 'index')
    prepare_objects(folder)  # that of tiny-open-images
    for subset in SUBSETS:
        ids = LabelIndex.open(folder / 'index' / subset).image_ids
        bank = FeatureBank.create(folder / 'features' / subset, ids, 2, 1280, {})
        bank.write(np.arange(12), np.random.default_rng(0).random((12, 2, 1280)))
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
    """The index in which each image of V and test has one of 200 objects, named as 200 nodes."""
    objects = [(mid(k), f'object {k}') for k in range(200)]
    write_csv(folder / 'objects.csv', objects)
    human = {}
    for subset in SUBSETS[1:]:
        ids = LabelIndex.open(folder / 'index' / subset).image_ids
        rows = [(f'{i:016x}', 'verification', objects[k][0], 1) for k, i in enumerate(ids)]
        write_csv(folder / f'{subset}-objects.csv', [HEADER, *rows])
        human['human', subset] = ReleaseFile(folder / f'{subset}-objects.csv')
    release = find_release(folder, given=human)
    release = release._replace(verdict_classes=ReleaseFile(folder / 'objects.csv'))
    prepare(release, folder / 'index_objects', complete_verdicts=True)


def shrink(cfg, work_dir):
    """The same run, two batches long, ten images: one of V at 9 : 1. No worker processes."""
    cfg.work_dir = str(work_dir)
    cfg.train_cfg = dict(type='ResumableTrainLoop', max_iters=2, val_interval=2)
    cfg.log_processor = dict(by_epoch=False)
    cfg.param_scheduler = None
    cfg.randomness = dict(seed=0)  # the images of V that are drawn have wrong labels to clean
    cfg.load_from = None
    cfg.default_hooks.checkpoint = dict(type='WholeCheckpointHook', by_epoch=False, interval=2)
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        loader.batch_size, loader.num_workers = 5, 0
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


def test_every_row_is_there():
    names = {path.stem for path in CONFIGS}
    kinds = ('openimages', 'tiny', 'tiny_features')
    expected = {f'{row}_{kind}' for row in ROWS for kind in kinds}
    expected |= {f'{row}_{kind}' for row in OBJECT_ROWS for kind in kinds[1:]}
    assert names == expected | {'baseline_demo', 'joint_demo', LARGE}


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_config_builds_and_steps(path, workspace, tmp_path, monkeypatch):
    monkeypatch.chdir(workspace)
    cfg = shrink(Config.fromfile(path), tmp_path)
    cfg.experiment_name = path.stem
    if path.stem == LARGE:  # one layer of its 32, and no emulated bfloat16
        layer = dict(embed_dims=1280, num_layers=1, num_heads=16, feedforward_channels=5120)
        cfg.model.backbone.arch, cfg.optim_wrapper.type = layer, 'OptimWrapper'
    runner = Runner.from_cfg(cfg)
    weights = RememberWeights()
    runner.register_hook(weights)
    runner.train()
    moved = {name.split('.')[0] for name in weights.moved(runner.model)}
    expected = {'head'}
    if 'joint' in path.stem:
        expected |= {'cleaning_head'}
    if 'pretrain_cleaner' in path.stem or 'best_cleaner' in path.stem:
        expected = {'cleaning_head'}
    if (
        path.stem in ('baseline_openimages', 'baseline_soft_openimages', LARGE)
        or 'demo' in path.stem
    ):
        expected |= {'backbone'}
    assert moved == expected
    assert not weights.without_gradient  # several processes would wait for them
    values = runner.message_hub.get_scalar('val/AP_all').current()
    assert 0 <= values <= 100


def test_the_large_backbone_has_its_size():
    init_default_scope('mmpretrain')
    with torch.device('meta'):
        model = MODELS.build(Config.fromfile(REPO / f'configs/{LARGE}.py').model)
    sizes = {name: part.weight.shape for name, part in model.named_modules() if 'fc' in name}
    assert sizes == {'head.fc': (6012, 1280)}
    assert len(model.backbone.layers) == 32
    weights = sum(parameter.numel() for parameter in model.backbone.parameters())
    assert weights == 630_764_800  # 632.0 M with the 1000 classes of ImageNet


@pytest.mark.slow
def test_the_large_backbone_steps_in_shards(workspace, tmp_path):
    """Two processes, with a small architecture in its place; one process tests what they save."""
    small = ['model.backbone.arch=deit-tiny', 'optim_wrapper.type=OptimWrapper']
    small += [f'model.{head}.in_channels=192' for head in ('head', 'cleaning_head')]
    for loader in ('train', 'val', 'test'):
        small += [f'{loader}_dataloader.{key}' for key in ('batch_size=5', 'num_workers=0')]
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


@pytest.mark.parametrize(
    ('row', 'classifier', 'cleaner', 'frozen'),
    [
        ('baseline', 0.045, None, False),
        ('finetune_clean', 0.001, None, True),
        ('finetune_mixed', 0.001, None, True),
        ('misra', 0.001, None, True),
        ('joint', 0.001, 0.015, True),
        ('pretrain_cleaner', 0.001, 0.015, True),
        ('joint_pretrained', 0.001, 0.001, True),
    ],
)
def test_hyper_parameters_of_section_4_4(row, classifier, cleaner, frozen):
    cfg = Config.fromfile(REPO / f'configs/{row}_openimages.py')
    assert cfg.optim_wrapper.optimizer.type == 'RMSprop'
    assert cfg.optim_wrapper.optimizer.lr == classifier
    if cleaner:
        keys = cfg.optim_wrapper.paramwise_cfg.custom_keys
        assert classifier * keys.cleaning_head.lr_mult == pytest.approx(cleaner)
        assert cfg.model.cleaning_head.get('loss_weight', 0.1) == 0.1
    assert cfg.param_scheduler.gamma == 0.94
    assert cfg.param_scheduler.step_size == round(2 * 9_011_219 / 32)
    batches = {'baseline': 49_000_000, 'pretrain_cleaner': 400_000}.get(row, 4_000_000)
    assert cfg.train_cfg.max_iters == batches
    assert cfg.train_dataloader.batch_size == 32
    assert cfg.model.get('freeze_backbone', False) == frozen
    mixed = row in ('finetune_mixed', 'joint', 'joint_pretrained')
    assert cfg.train_dataloader.sampler.get('source_ratio') == ([9, 1] if mixed else None)


def test_training_sets_of_the_rows():
    subsets = dict(baseline='train', baseline_soft='train', misra='train')
    subsets['finetune_clean'] = 'validation'
    subsets['pretrain_cleaner'] = subsets['best_cleaner'] = 'validation'
    for row in ROWS:
        for data in ('openimages', 'tiny'):
            cfg = Config.fromfile(REPO / f'configs/{row}_{data}.py')
            dataset = cfg.train_dataloader.dataset
            if row in subsets:
                assert dataset.ann_file == f'index/{subsets[row]}'
            else:
                parts = [part.ann_file for part in dataset.datasets]
                assert parts == ['index/train', 'index/validation']
            assert cfg.test_dataloader.dataset.ann_file == 'index/test'


@pytest.mark.parametrize('row', [*ROWS, *OBJECT_ROWS])
def test_features_take_the_place_of_pictures_and_nothing_else(row):
    pictures, features = (
        Config.fromfile(REPO / f'configs/{row}_tiny{kind}.py') for kind in ('', '_features')
    )
    for name in ('optim_wrapper', 'param_scheduler', 'train_cfg', 'val_evaluator', 'randomness'):
        assert features[name] == pictures[name]
    for key in ('type', 'head', 'cleaning_head'):
        assert features.model.get(key) == pictures.model.get(key)
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        old, new = pictures[name].pop('dataset'), features[name].pop('dataset')
        for part, of_features in zip(old.get('datasets', [old]), new.get('datasets', [new])):
            assert of_features.ann_file == part.ann_file
            assert of_features.get('test_mode') == part.get('test_mode')
            assert '_delete_' not in of_features
            assert 'pipeline' not in of_features
        expected = {**pictures[name], 'num_workers': 0, 'collate_fn': dict(type='keep_batch')}
        assert features[name].to_dict() == expected


EXAMPLE = Path(__file__).parent.parent / 'docs/mixing.md'


def test_the_documented_resnet_config_runs(tmp_path, monkeypatch):
    """MMPretrain's own ResNet-50 config with the cleaning head and the sampler."""
    text = EXAMPLE.read_text()
    config = text.split('```python\n', 1)[1].split('```', 1)[0]
    monkeypatch.chdir(tmp_path)
    Path('my_config.py').write_text(config)
    write_release(Path('data/mine'), num_classes=20, num_images=12, size=(64, 64))
    prepare(find_release(Path('data/mine')), Path('data/mine/index'))
    cfg = shrink(Config.fromfile('my_config.py'), tmp_path / 'work_dir')
    cfg.experiment_name = 'documented'
    cfg.train_cfg.update(max_iters=6, val_interval=6)  # three images of V
    assert cfg.model.backbone.type == 'ResNet'
    assert cfg.model.backbone.depth == 50
    runner = Runner.from_cfg(cfg)
    weights = RememberWeights()
    runner.register_hook(weights)
    runner.train()
    expected = {'cleaning_head.output.weight', 'head.fc.weight', 'backbone.conv1.weight'}
    assert expected <= weights.moved(runner.model)
