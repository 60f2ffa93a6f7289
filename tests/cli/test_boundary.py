"""What a user gets wrong is one sentence; what we get wrong is a traceback."""

import errno
import pickle

import pytest
import torch
from mmengine.registry import DefaultScope
from mmpretrain.registry import LOOPS, MODELS

from mmnoisy import InputError
from mmnoisy.cli.boundary import sentence_of, user_errors


def test_user_errors_are_one_line(capsys):
    with pytest.raises(SystemExit) as stop, user_errors('train.py'):
        raise InputError('Caught in worker 0.\nTraceback\nmmnoisy.errors.InputError: a: b; c')
    assert stop.value.code == 2
    assert capsys.readouterr().err == 'train.py: error: a: b; c\n'


def test_other_errors_keep_their_traceback():
    with pytest.raises(ZeroDivisionError), user_errors('train.py'):
        raise ZeroDivisionError


@pytest.mark.parametrize('code', [errno.EROFS, errno.ENOTDIR, errno.ENOSPC, errno.ENOENT])
def test_errors_of_files_name_the_file(code):
    sentence = sentence_of(OSError(code, 'as it is', 'some/file'))
    assert sentence == 'some/file: as it is; check the path, the rights and the space there'


def test_other_errors_of_the_system_keep_their_traceback():
    assert sentence_of(OSError(errno.EBADF, 'Bad file descriptor')) is None
    assert sentence_of(ConnectionError('gone')) is None


def raised(function, *arguments, **settings):
    with pytest.raises(Exception) as caught:
        function(*arguments, **settings)
    return sentence_of(caught.value)


def build(**settings):
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return MODELS.build(settings)


HEAD = dict(type='LabelCleaningHead', num_classes=3, in_channels=4)


def test_a_setting_that_no_component_takes():
    assert build(**HEAD)
    sentence = raised(build, **HEAD, nm_classes=3)
    assert sentence.startswith("LabelCleaningHead takes no setting 'nm_classes'; did you mean ")
    assert 'num_classes' in sentence
    head = dict(type='MultiLabelLinearClsHead', num_classes=3, in_channels=4, tresh=0.5)
    assert raised(build, **head).startswith("MultiLabelLinearClsHead takes no setting 'tresh'")


def test_a_setting_that_is_missing():
    sentence = raised(build, type='LabelCleaningHead', in_channels=4)
    assert sentence == "LabelCleaningHead lacks its setting 'num_classes'; give it in the config"


def test_a_type_that_is_registered_nowhere():
    sentence = raised(build, **{**HEAD, 'type': 'LabelCleaningHaed'})
    assert sentence.startswith("type='LabelCleaningHaed': there is none among the models; did you")
    assert 'LabelCleaningHead' in sentence


def test_errors_of_our_own_code_are_not_the_users():
    class Wrong:
        def __init__(self, size):
            dict.fromkeys(sise=size)

    LOOPS.register_module(name='WrongOnPurpose', module=Wrong)
    try:
        assert raised(LOOPS.build, dict(type='WrongOnPurpose', size=1)) is None
    finally:
        LOOPS.module_dict.pop('WrongOnPurpose')
    assert raised(lambda: {}['nm_classes']) is None


def test_a_file_that_is_no_pickle(tmp_path):
    (tmp_path / 'x.pth').write_bytes(b'no pickle')
    with pytest.raises(pickle.UnpicklingError) as caught:
        torch.load(tmp_path / 'x.pth', weights_only=True)
    assert sentence_of(caught.value).startswith('a checkpoint cannot be loaded (')
