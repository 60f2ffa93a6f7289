import pytest

from mmnoisy import InputError
from mmnoisy.cli.boundary import user_errors


def test_user_errors_are_one_line(capsys):
    with pytest.raises(SystemExit) as stop, user_errors('train.py'):
        raise InputError('Caught in worker 0.\nTraceback\nmmnoisy.errors.InputError: a: b; c')
    assert stop.value.code == 2
    assert capsys.readouterr().err == 'train.py: error: a: b; c\n'


def test_other_errors_keep_their_traceback():
    with pytest.raises(ZeroDivisionError), user_errors('train.py'):
        raise ZeroDivisionError
