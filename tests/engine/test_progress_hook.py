import pytest
import torch
from made_index import CONFIG, make_data_set
from mmengine.config import Config

from mmnoisy import InputError
from mmnoisy.engine.hooks.progress_hook import changed_share
from mmnoisy.engine.runner import build_runner
from mmnoisy.engine.sets import resolve
from mmnoisy.engine.transforms import hold_out


def config(tmp_path, name):
    make_data_set(tmp_path)
    path = tmp_path / 'config.py'
    path.write_text(CONFIG.format(classes=12, dim=8, root=tmp_path))
    cfg = resolve(Config.fromfile(path))
    cfg.val_dataloader, cfg.val_evaluator = cfg.test_dataloader, cfg.test_evaluator
    cfg.val_cfg = dict()
    cfg.test_dataloader = cfg.test_evaluator = cfg.test_cfg = None
    cfg.train_cfg = dict(type='ResumableTrainLoop', max_iters=4, val_interval=4)
    cfg.log_processor = dict(by_epoch=False)
    cfg.default_hooks.checkpoint = dict(type='WholeCheckpointHook', by_epoch=False, interval=1)
    cfg.custom_hooks.append(dict(type='ProgressHook', interval=2))
    cfg.work_dir, cfg.launcher, cfg.experiment_name = str(tmp_path / 'run'), 'none', name
    return cfg


def test_share_of_changed_labels():
    noisy = torch.tensor([[1.0, 1, 0, 0], [1, 0, 0, 1]])
    cleaned = torch.tensor([[0.9, 0.2, 0.1, 0.6], [0.5, 0, 0, 0.7]])
    assert changed_share(noisy, cleaned) == pytest.approx(2 / 4)
    assert changed_share(noisy * 0, cleaned * 0) == 0


def test_what_the_log_shows(tmp_path):
    cfg = config(tmp_path, 'progress')
    cfg.optim_wrapper.paramwise_cfg = dict(custom_keys={'cleaning_head': dict(lr_mult=0.3)})
    cfg = hold_out(cfg, 20)
    runner = build_runner(cfg)
    runner.train()
    assert runner.train_loop.batches.sampler.sizes[1] == 40
    hub = runner.message_hub
    assert hub.get_scalar('train/images_per_second').current() > 0
    assert hub.get_scalar('train/hours_left').current() == 0
    assert hub.get_scalar('train/cleaning_lr').current() == pytest.approx(0.003)
    assert hub.get_scalar('train/lr').current() == pytest.approx(0.01)
    assert len(hub.get_scalar('train/changed_labels').data[0]) == 2
    held = runner.build_dataloader(cfg.custom_hooks[1]['held_back'])
    present = kept = kept_present = noisy = 0
    runner.model.eval()
    for batch in held:
        for k, sample in enumerate(batch['data_samples']):
            one = dict(noisy_label=sample.noisy_label)
            y = torch.zeros(1, 12)
            y[0, torch.as_tensor(one['noisy_label'].astype(int))] = 1
            cleaned = runner.model.cleaning_head((batch['inputs'][k : k + 1].float(),), y).labels[0]
            for ids, is_present in ((sample.verified_pos, 1), (sample.verified_neg, 0)):
                for label in {*ids.tolist()} & {*sample.noisy_label.tolist()}:
                    noisy, present = noisy + 1, present + is_present
                    if cleaned[label] >= 0.5:
                        kept, kept_present = kept + 1, kept_present + is_present
    assert hub.get_scalar('val/noisy_precision').current() == pytest.approx(present / noisy)
    assert hub.get_scalar('val/cleaned_precision').current() == pytest.approx(kept_present / kept)


def test_what_TensorBoard_shows(tmp_path):
    accumulator = pytest.importorskip(
        'tensorboard.backend.event_processing.event_accumulator', reason='needs tensorboard'
    )
    cfg = config(tmp_path, 'board')
    cfg.optim_wrapper.paramwise_cfg = dict(custom_keys={'cleaning_head': dict(lr_mult=0.3)})
    cfg.default_hooks.logger.interval = 2
    cfg.visualizer = dict(
        type='UniversalVisualizer', vis_backends=[dict(type='TensorboardVisBackend')]
    )
    cfg = hold_out(cfg, 20)
    runner = build_runner(cfg)
    runner.train()
    (file,) = (tmp_path / 'run').rglob('events.out.tfevents.*')
    events = accumulator.EventAccumulator(str(file))
    events.Reload()
    hub = runner.message_hub
    for name in ('loss_clean', 'loss_classify', 'lr'):
        shown = [(event.step, event.value) for event in events.Scalars(name)]
        values = hub.get_scalar(f'train/{name}').data[0]
        if name != 'lr':  # the mean of the steps since the last one
            values = [values[:k].mean() for k in range(1, 5)]
        assert shown == [(2, pytest.approx(values[1])), (4, pytest.approx(values[3]))]
    assert events.Scalars('lr')[0].value == pytest.approx(0.01)
    assert events.Scalars('cleaning_lr')[0].value == pytest.approx(0.003)
    for name in ('images_per_second', 'hours_left', 'changed_labels'):
        assert len(events.Scalars(name)) == 2
    for name in ('cleaned_precision', 'noisy_precision', 'AP_all', 'MAP'):
        (event,) = events.Scalars(name)
        assert event.value == pytest.approx(hub.get_scalar(f'val/{name}').current())


def test_it_works_in_the_loops_of_mmengine(tmp_path):
    cfg = config(tmp_path, 'mmengine_loop')
    cfg.train_cfg = dict(by_epoch=False, max_iters=2, val_interval=2)
    runner = build_runner(cfg)
    runner.train()
    assert runner.message_hub.get_scalar('train/images_per_second').current() > 0
    assert runner.message_hub.get_scalar('train/hours_left').current() == 0


def test_holding_back_needs_a_v(tmp_path):
    cfg = config(tmp_path, 'no_v')
    with pytest.raises(InputError, match='--hold-back 60: give less than the 60 images of V'):
        hold_out(cfg, 60)
    cfg.train_dataloader.dataset = cfg.train_dataloader.dataset.datasets[0]
    with pytest.raises(InputError, match='--hold-back 6: needs a config that trains on T and V'):
        hold_out(cfg, 6)
