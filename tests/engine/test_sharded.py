"""What shards refuse; what they do is in ``test_several_processes.py``."""

import pytest

from mmnoisy import InputError
from mmnoisy.engine import ShardedStrategy


@pytest.mark.parametrize(
    'setting', [dict(clip_grad=dict(max_norm=1.0)), dict(accumulative_counts=2)]
)
def test_settings_that_need_whole_gradients(setting, tmp_path):
    strategy = ShardedStrategy(['Layer'], work_dir=tmp_path, env_kwargs=dict(launcher='none'))
    ((name, value),) = setting.items()
    with pytest.raises(InputError, match=f'optim_wrapper.{name}={value}: gradients are in shards'):
        strategy.build_optim_wrapper(dict(optimizer=dict(type='SGD', lr=0.1), **setting))
