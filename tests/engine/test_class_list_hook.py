from types import SimpleNamespace

import pytest
from torch import nn

from mmnoisy import InputError
from mmnoisy.engine import ClassListHook


def fake_runner(classes, num_classes=3, noisy_classes=(), takes=None):
    model = nn.Module()
    if takes is not None:
        model.cleaning_head = nn.Linear(1, 1)
        model.cleaning_head.num_classes, model.cleaning_head.noisy_classes = num_classes, takes
    model.head = nn.Linear(1, 1)
    model.head.num_classes = num_classes
    meta = dict(classes=classes, **(dict(noisy_classes=noisy_classes) if noisy_classes else {}))
    dataset = SimpleNamespace(metainfo=meta)
    loop = SimpleNamespace(dataloader=SimpleNamespace(dataset=dataset))
    return SimpleNamespace(
        model=model,
        _train_loop=loop,
        _val_loop=None,
        _test_loop=None,
        cfg=dict(load_from='x.pth'),
        work_dir='work_dirs/x',
    )


def checkpoint(classes, **more):
    return dict(meta=dict(dataset_meta=dict(classes=classes, **more)))


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


def test_noisy_labels_of_other_classes_need_a_model_that_takes_them():
    classes, others = ('a', 'b', 'c'), ('p', 'q')
    ClassListHook().before_run(fake_runner(classes, noisy_classes=others, takes=2))
    with pytest.raises(InputError, match=r'noisy_classes=None: .* 2 other classes .*=2$'):
        ClassListHook().before_run(fake_runner(classes, noisy_classes=others))
    with pytest.raises(InputError, match=r'noisy_classes=4: .* 2 other classes'):
        ClassListHook().before_run(fake_runner(classes, noisy_classes=others, takes=4))
    with pytest.raises(InputError, match=r'noisy_classes=2: .* of the classes of its .*=None$'):
        ClassListHook().before_run(fake_runner(classes, takes=2))


def test_a_checkpoint_of_other_noisy_labels_is_refused():
    runner = fake_runner(('a', 'b', 'c'), noisy_classes=('p', 'q'))
    ClassListHook().after_load_checkpoint(
        runner, checkpoint(('a', 'b', 'c'), noisy_classes=['p', 'q'])
    )
    trained = checkpoint(('a', 'b', 'c'), noisy_classes=['q', 'p'])
    with pytest.raises(InputError, match='the same classes in another order'):
        ClassListHook().after_load_checkpoint(runner, trained)
