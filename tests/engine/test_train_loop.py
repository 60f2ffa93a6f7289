"""The loop's own behaviour; that killed runs equal others is in test_killed_runs.py."""

import signal
import time
from itertools import chain

import pytest
import torch
from made_index import make_data_set
from mmengine.config import Config
from mmengine.hooks import Hook
from test_progress_hook import config

from mmnoisy import InputError
from mmnoisy.datasets import RatioSampler
from mmnoisy.engine.drawn_batches import DrawnBatches
from mmnoisy.engine.partial_training import train_here
from mmnoisy.engine.runner import build_runner, resume_from
from mmnoisy.engine.sets import resolve
from mmnoisy.engine.train_loop import images_to_see


class Count(Hook):
    """Counts evaluations and steps."""

    def __init__(self):
        self.evaluated, self.steps = [], []

    def before_val_epoch(self, runner):
        self.evaluated.append(runner.iter)

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.steps.append((runner.epoch, batch_idx))


def run(cfg):
    runner, count = build_runner(cfg), Count()
    runner.register_hook(count)
    runner.train()
    return runner, count


def test_epochs_evaluations_and_a_resume_where_one_is_due(tmp_path):
    cfg = config(tmp_path, 'epochs')
    cfg.train_cfg = dict(type='ResumableTrainLoop', max_epochs=2, val_interval=2)
    cfg.log_processor = dict(by_epoch=True)
    runner, count = run(cfg)
    length = -(-300 * 10 // 9 // 16)
    assert len(runner.train_dataloader) == length == 21
    assert count.steps == [(epoch, k) for epoch in range(2) for k in range(length)]
    assert count.evaluated == [2 * length]
    resume_from(cfg, 'auto')
    cfg.experiment_name = 'epochs again'
    runner, count = run(cfg)
    assert count.steps == []
    assert count.evaluated == [2 * length]


def test_all_batches_are_full_and_no_image_comes_twice_in_a_pass():
    batches = DrawnBatches(RatioSampler(range(50), seed=1), 8, 50, 7)
    batches.stop = 25
    drawn = [index for step in range(25) for index in batches.indices(step)]
    assert drawn == [draw % 50 for batch in batches for draw in batch]
    assert {len(batch) for batch in batches} == {8}
    for cycle in range(4):
        assert sorted(drawn[50 * cycle : 50 * cycle + 50]) == list(range(50))


def test_a_million_steps_cost_nothing_to_pass():
    seconds = []
    for start in (0, 1_000_000):
        sampler = RatioSampler(sampler_data(), [9, 1], seed=0)
        batches = DrawnBatches(sampler, 32, 9_040_000, 10)
        batches.start, batches.stop = start, start + 1
        begin = time.perf_counter()
        assert len(next(iter(batches))) == 32
        seconds.append(time.perf_counter() - begin)
    assert seconds[1] < seconds[0] + 5


def sampler_data():
    """As many images as T and V of Open Images have."""
    return torch.utils.data.ConcatDataset([range(9_011_219), range(40_000)])


@pytest.mark.parametrize(
    ('change', 'complaint'),
    [
        (dict(train_dataloader=dict(batch_size=8)), r'batch_size is 8 .* and 16 in the run of the'),
        (
            dict(train_dataloader=dict(sampler=dict(source_ratio=[4, 1]))),
            r'source_ratio is \[4, 1\]',
        ),
        (dict(optim_wrapper=dict(optimizer=dict(type='SGD'))), 'the optimizer was another one'),
        (
            dict(model=dict(cleaning_head=dict(hidden_dims=24))),
            r'cleaning_head.hidden.weight is \[16, 32\], and \[24, 32\] in',
        ),
        (
            dict(train_cfg=dict(max_epochs=2)),
            'max_epochs=2, max_iters=4, min_images=None: give one of the three',
        ),
        (
            dict(train_dataloader=dict(sampler=dict(_delete_=True, type='DefaultSampler'))),
            'DefaultSampler cannot begin at a given step; set sampler=dict',
        ),
    ],
)
def test_the_wrong_config_for_a_checkpoint(tmp_path, change, complaint):
    cfg = config(tmp_path, f'right {complaint}')
    build_runner(cfg).train()
    cfg.merge_from_dict(change)
    cfg.experiment_name = f'wrong {complaint}'
    before = sorted(path.name for path in (tmp_path / 'run').glob('*.pth'))
    resume_from(cfg, 'auto')
    with pytest.raises(InputError, match=complaint):
        build_runner(cfg).train()
    assert sorted(path.name for path in (tmp_path / 'run').glob('*.pth')) == before


@pytest.mark.parametrize('accumulated', [1, 3])
def test_the_learning_rates_follow_the_batch_of_t_and_v_together(tmp_path, accumulated):
    cfg = config(tmp_path, f'scaled {accumulated}')
    cfg.optim_wrapper.accumulative_counts = accumulated
    cfg.auto_scale_lr = dict(enable=True, base_batch_size=32)
    cfg.optim_wrapper.paramwise_cfg = dict(custom_keys={'cleaning_head': dict(lr_mult=0.3)})
    runner, _ = run(cfg)
    rates = sorted({group['lr'] for group in runner.optim_wrapper.optimizer.param_groups})
    assert rates == pytest.approx([rate * 16 * accumulated / 32 for rate in (0.003, 0.01)])


@pytest.mark.parametrize(
    ('size', 'batch_size', 'limits', 'steps'),
    [
        (1_800, 256, dict(min_images=256_000), 1_000),  # many passes over few images
        (9_051_219, 32, dict(min_images=256_000), 282_851),  # one pass over many
        (1_250, 256, dict(min_images=128_000, max_passes=50), 245),
        (200_000, 256, dict(min_images=128_000, max_passes=50), 782),
        (1_000, 10, dict(min_images=1, min_passes=3), 300),
        (1_000, 10, dict(min_images=1, min_passes=3, max_passes=2), 200),
    ],
)
def test_the_length_by_the_size_of_the_data(size, batch_size, limits, steps):
    assert -(-images_to_see(size, **limits) // batch_size) == steps


def test_a_run_by_images_ends_with_an_evaluation_and_no_learning_rate(tmp_path):
    cfg = config(tmp_path, 'images')
    cfg.train_cfg = dict(type='ResumableTrainLoop', min_images=100, max_passes=2, val_interval=None)
    cfg.param_scheduler = dict(type='LinearLR', start_factor=1.0, end_factor=0.0, by_epoch=False)
    runner, count = run(cfg)
    steps = -(-(300 + 60) // 16)
    assert [k for _, k in count.steps] == [*range(steps)] and runner.max_iters == steps
    assert count.evaluated == [steps]
    rates = runner.message_hub.get_scalar('train/lr').data[0]
    expected = 0.01 * (1 - torch.arange(steps) / steps)
    assert rates[0] == 0.01
    assert (torch.as_tensor(rates) - expected).abs().max() <= 0.01 / steps


@pytest.mark.parametrize(
    ('settings', 'share', 'scale'),
    [
        (dict(), 4, None),
        (dict(global_batch=False), 16, dict(base_batch_size=16, enable=True)),
    ],
)
def test_four_processes_have_the_batch_of_one_or_say_what_changes(
    tmp_path, monkeypatch, settings, share, scale
):
    monkeypatch.setattr('mmnoisy.engine.train_loop.get_dist_info', lambda: (0, 4))
    cfg = config(tmp_path, f'four {share}')
    cfg.train_cfg = dict(type='ResumableTrainLoop', min_images=640, **settings)
    runner = build_runner(cfg)
    loop = runner.build_train_loop(runner._train_loop)
    assert loop.batches.batch_size == runner._train_dataloader['batch_size'] == share
    assert loop.batch_size == 4 * share
    assert loop.max_iters == 640 / (4 * share)
    assert runner.auto_scale_lr == scale
    assert runner.cfg.train_dataloader.batch_size == 16


def test_a_batch_that_processes_cannot_share(tmp_path, monkeypatch):
    monkeypatch.setattr('mmnoisy.engine.train_loop.get_dist_info', lambda: (0, 17))
    runner = build_runner(config(tmp_path, 'seventeen'))
    with pytest.raises(InputError, match=r'batch_size=16: .* and 17 cannot share it; give at'):
        runner.build_train_loop(runner._train_loop)


def test_three_processes_share_a_batch_of_sixteen(tmp_path, monkeypatch):
    """The same images as one process, and each process counts by those that it has."""

    def loop_of(rank, processes):
        monkeypatch.setattr('mmnoisy.engine.train_loop.get_dist_info', lambda: (rank, processes))
        monkeypatch.setattr(
            'mmnoisy.datasets.ratio_sampler.get_dist_info', lambda: (rank, processes)
        )
        name = f'{rank} of {processes}'
        runner = build_runner(config(tmp_path / name, name))
        return runner, runner.build_train_loop(runner._train_loop)

    _, whole = loop_of(0, 1)
    shares = [loop_of(rank, 3) for rank in range(3)]
    for runner, loop in shares:
        assert loop.batch_size == 16 and len(loop.dataloader) == len(whole.dataloader)
        assert 3 * runner._train_dataloader['batch_size'] == 16  # what learning rates scale with
    for step in (0, 1, 1000):
        batches = [loop.image_ids(step) for _, loop in shares]
        assert [*map(len, batches)] == [6, 5, 5]
        assert sorted(chain(*batches)) == sorted(whole.image_ids(step))
    for _, loop in shares:
        loop.batches.stop = 2
    batches = [[draw for batch in loop.batches for draw in batch] for _, loop in shares]
    whole.batches.stop = 2
    assert sorted(chain(*batches)) == sorted(chain(*whole.batches))
    assert [loop._weight for _, loop in shares] == pytest.approx([18 / 16, 15 / 16, 15 / 16])


@pytest.mark.parametrize('settings', [dict(), dict(global_batch=False)])
@pytest.mark.parametrize('processes', [1, 4, 7])
def test_a_batch_holds_no_image_twice_where_there_are_fewer(
    tmp_path, monkeypatch, processes, settings
):
    """All of V in every batch, each process its share, and as many steps as with full batches."""

    def loop_of(rank):
        monkeypatch.setattr('mmnoisy.engine.train_loop.get_dist_info', lambda: (rank, processes))
        name = f'{rank} of {processes}'
        cfg = config(tmp_path / name, name)
        loader = cfg.train_dataloader
        loader.dataset, loader.batch_size = loader.dataset.datasets[1], 210
        loader.sampler.pop('source_ratio')
        cfg.train_cfg = dict(type='ResumableTrainLoop', min_images=8_400, **settings)
        runner = build_runner(cfg)
        return runner.build_train_loop(runner._train_loop), runner

    loops = [loop_of(rank) for rank in range(processes)]
    together = 210 * processes if settings else 210
    for loop, runner in loops:
        assert loop.batch_size == 60 and loop.max_iters == -(-8_400 // together)
        # Rates scale with the batch of the config.
        assert runner._train_dataloader['batch_size'] * processes == together
    for step in (0, 1, 39):
        ids = [*chain(*(loop.image_ids(step) for loop, _ in loops))]
        assert len(ids) == len({*ids}) == 60
    assert sum(loop._weight for loop, _ in loops) == pytest.approx(processes)


def test_a_signal_that_no_hook_heeds_keeps_its_meaning(tmp_path):
    """A comparison, whose trainings keep no checkpoints, ends where it is told to end."""
    make_data_set(tmp_path)
    cfg = resolve(Config.fromfile(tmp_path / 'config.py'))
    found = []

    class Looks(Hook):
        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            found.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    train_here(cfg, tmp_path / 'work', [Looks()])
    assert found
    assert {*found} == {before}
