from pathlib import Path

import pytest
import torch
from test_progress_hook import config

from mmnoisy import InputError
from mmnoisy.engine.runner import build_runner


def checkpoints(folder):
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def test_the_newest_ones_are_kept(tmp_path):
    cfg = config(tmp_path, 'kept')
    cfg.default_hooks.checkpoint.max_keep_ckpts = 2
    build_runner(cfg).train()
    files = checkpoints(tmp_path / 'run')
    assert [name for name in files if name.endswith('.pth')] == ['iter_3.pth', 'iter_4.pth']
    assert Path((tmp_path / 'run/last_checkpoint').read_text()).name == 'iter_4.pth'
    state = torch.load(tmp_path / 'run/iter_4.pth', weights_only=True)
    assert state['message_hub']['runtime_info']['keep_ckpt_ids'] == [3, 4]


@pytest.mark.skipif(not Path('/dev/full').exists(), reason='needs a device that is full')
def test_a_full_disk_costs_no_good_checkpoint(tmp_path):
    """Not even where only one is kept."""
    cfg = config(tmp_path, 'full')
    cfg.default_hooks.checkpoint.max_keep_ckpts = 1
    runner = build_runner(cfg)
    (tmp_path / 'run/.iter_3.pth.part').symlink_to('/dev/full')
    with pytest.raises(InputError, match=r'iter_3.pth: cannot be written \(No space left on dev'):
        runner.train()
    files = checkpoints(tmp_path / 'run')
    assert [name for name in files if name.startswith('iter_')] == ['iter_2.pth']
    assert torch.load(tmp_path / 'run/iter_2.pth', weights_only=True)['meta']['iter'] == 2
    assert Path((tmp_path / 'run/last_checkpoint').read_text()).name == 'iter_2.pth'


def test_the_gradients_of_an_unfinished_accumulation(tmp_path):
    cfg = config(tmp_path, 'gradients')
    cfg.optim_wrapper.accumulative_counts = 3
    build_runner(cfg).train()
    for iteration, unfinished in ((1, True), (2, True), (3, False), (4, False)):  # the last updates
        state = torch.load(tmp_path / f'run/iter_{iteration}.pth', weights_only=True)
        assert ('gradients' in state) == unfinished
    assert {*torch.load(tmp_path / 'run/iter_1.pth', weights_only=True)['gradients']} <= {
        *state['state_dict']
    }
