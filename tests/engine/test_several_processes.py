"""One, two and four processes are one and the same training."""

import json
import os
import subprocess
import sys

import pytest
import torch
from conftest import REPO
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from test_killed_runs import features, pictures

from mmnoisy.engine.sets import fill_classes, resolve

pytestmark = pytest.mark.skipif(not hasattr(os, 'fork'), reason='needs fork')


def sharded(demo_root, folder):
    """A small vision transformer, sharded as the large one is; whole in one process."""
    cfg = pictures(demo_root, folder)
    large = resolve(Config.fromfile(REPO / 'configs/joint_openimages_vit_huge_fsdp.py'))
    cfg.runner_type, cfg.strategy = large.runner_type, large.strategy
    arch = dict(embed_dims=32, num_layers=2, num_heads=2, feedforward_channels=64)
    settings = dict(arch=arch, img_size=32, patch_size=8, in_channels=1, drop_path_rate=0)
    cfg.model.backbone = {**large.model.backbone, **settings}
    cfg.model.neck = None
    cfg.model.head.in_channels = cfg.model.cleaning_head.in_channels = 32
    init_default_scope('mmpretrain')
    fill_classes(cfg)
    model = MODELS.build(cfg.model)  # the runners would draw other weights
    model.init_weights()
    torch.save(dict(state_dict=model.state_dict()), folder / 'begin.pth')
    cfg.load_from = str(folder / 'begin.pth')
    return cfg


@pytest.mark.parametrize(
    ('make', 'numbers'),
    [
        (pictures, (1, 2, 4)),
        (features, (1, 3)),  # three have 6, 5 and 5 of 16 images
        (sharded, (1, 2)),
        pytest.param(sharded, (1, 2, 4), marks=pytest.mark.slow),
    ],
)
def test_same_images_weights_and_metrics(make, numbers, tmp_path, demo_root):
    cfg = make(demo_root, tmp_path)
    cfg.train_dataloader.update(batch_size=16, num_workers=0)
    cfg.train_cfg = dict(type='ResumableTrainLoop', max_iters=50, val_interval=50)
    cfg.param_scheduler = None
    cfg.log_processor = dict(by_epoch=False)
    cfg.optim_wrapper.optimizer = dict(type='SGD', lr=0.01, momentum=0.9)
    # Of an accumulation over two, step 25 is in the middle: the killed run resumes from there.
    cfg.optim_wrapper.accumulative_counts = 1 if make is sharded else 2
    cfg.default_hooks.checkpoint = dict(type='WholeCheckpointHook', by_epoch=False, interval=25)
    cfg.log_level = 'WARNING'
    cfg.dump(tmp_path / 'run.py')
    command = [sys.executable, REPO / 'tests/gloo_runs.py', tmp_path / 'run.py', tmp_path / 'out']
    done = subprocess.run(
        [*map(str, [*command, 37, *numbers])],
        capture_output=True,
        text=True,
        env={**os.environ, 'OMP_NUM_THREADS': '1'},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    batches, weights, metrics, kept = result_of(tmp_path / 'out/1', 1)
    assert len(batches) == 50
    for processes in numbers:
        share = 1 / processes if make is sharded else 1
        for name in {str(processes), f'resumed{processes}'} - {'resumed2'}:
            found = result_of(tmp_path / 'out' / name, processes)
            assert found[0] == batches[25 if 'resumed' in name else 0 :]
            for key, value in weights.items():
                torch.testing.assert_close(found[1][key], value, rtol=0, atol=1e-5)
            # Percent: where two scores nearly tie, another rounding may change their order.
            assert found[2] == pytest.approx(metrics, abs=1)
            assert found[3] / kept == pytest.approx(share, abs=0.05)


CHOICE = """
import os, sys, torch
from pathlib import Path
from mmengine.config import Config
from torch import distributed
from mmnoisy import InputError
from mmnoisy.engine.checkpoints.reading import checkpoint_file
from mmnoisy.engine.distributed.processes import on_main_process
from mmnoisy.engine.runner import resume_from
rank = os.environ['RANK']
work_dir = Path(sys.argv[1], rank)  # as where a disk shows each process other files
cfg = Config(dict(launcher='pytorch', work_dir=str(work_dir), load_from='begin.pth'))
resume_from(cfg, 'auto')
chosen = [cfg.load_from, cfg.began_with, on_main_process(lambda: checkpoint_file(str(work_dir)))]
try:
    resume_from(cfg, str(work_dir / 'iter_2.pth'))  # which the first process does not have
except InputError as error:
    chosen.append(str(error))
Path(sys.argv[1], f'chosen{rank}').write_text('\\n'.join(chosen))
distributed.barrier()
distributed.destroy_process_group()
"""


def test_the_first_process_chooses_the_newest_checkpoint_for_all(tmp_path):
    for rank, steps in enumerate([(1,), (1, 2), ()]):
        (tmp_path / str(rank)).mkdir()
        for step in steps:
            torch.save(dict(state_dict={}), tmp_path / str(rank) / f'iter_{step}.pth')
    command = [sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc_per_node=3']
    (tmp_path / 'choice.py').write_text(CHOICE)
    done = subprocess.run(
        [*command, str(tmp_path / 'choice.py'), str(tmp_path)],
        capture_output=True,
        text=True,
        env={**os.environ, 'OMP_NUM_THREADS': '1'},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    newest, missing = (str(tmp_path / f'0/iter_{step}.pth') for step in (1, 2))
    told = f'{missing}: there is no such checkpoint; check the path'
    for rank in range(3):
        chosen = (tmp_path / f'chosen{rank}').read_text().splitlines()
        assert chosen == [newest, 'begin.pth', newest, told]


def result_of(folder, processes):
    """Images of every step, weights, metrics, and the most weights that a process kept."""
    ranks = [json.loads((folder / f'rank{k}.json').read_text()) for k in range(processes)]
    images = zip(*(rank['images'] for rank in ranks))
    batches = [sorted(image for rank in step for image in rank) for step in images]
    state = torch.load(folder / 'iter_50.pth', weights_only=True)['state_dict']
    metrics = json.loads((folder / 'metrics.json').read_text())
    return batches, state, metrics, max(rank['weights'] for rank in ranks)
