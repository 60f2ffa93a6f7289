from types import SimpleNamespace

import pytest
from torch import nn

from mmnoisy import InputError
from mmnoisy.engine import ClassListHook


def fake_runner(classes, num_classes=3):
    model = nn.Module()
    model.head = nn.Linear(1, 1)
    model.head.num_classes = num_classes
    dataset = SimpleNamespace(metainfo=dict(classes=classes))
    loop = SimpleNamespace(dataloader=SimpleNamespace(dataset=dataset))
    return SimpleNamespace(
        model=model,
        _train_loop=loop,
        _val_loop=None,
        _test_loop=None,
        cfg=dict(load_from='x.pth'),
        work_dir='work_dirs/x',
    )


def checkpoint(classes):
    return dict(meta=dict(dataset_meta=dict(classes=classes)))


def test_matching_lists_pass():
    runner = fake_runner(('a', 'b', 'c'))
    ClassListHook().before_run(runner)
    ClassListHook().after_load_checkpoint(runner, checkpoint(('a', 'b', 'c')))
    ClassListHook().after_load_checkpoint(runner, dict(state_dict={}))


def test_a_head_of_another_size_is_refused():
    with pytest.raises(InputError, match=r'model\.head\.num_classes=4: .* has 3 classes'):
        ClassListHook().before_run(fake_runner(('a', 'b', 'c'), 4))


@pytest.mark.parametrize(
    ('trained', 'complaint'),
    [(('b', 'a', 'c'), 'the same classes in another order'), (('a', 'b'), '2 classes, the')],
)
def test_a_checkpoint_of_another_list_is_refused(trained, complaint):
    with pytest.raises(InputError, match=rf'x\.pth: the checkpoint was trained with {complaint}'):
        ClassListHook().after_load_checkpoint(fake_runner(('a', 'b', 'c')), checkpoint(trained))
