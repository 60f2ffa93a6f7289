import os
import signal

import pytest
from locked import holder

from mmnoisy import InputError
from mmnoisy.io.atomic import require_writable
from mmnoisy.io.lock import lock


def test_a_second_run_is_refused_while_the_first_lives(tmp_path):
    folder = tmp_path / 'new/out'
    with holder(folder) as first:
        told = rf'out: a run is writing there \(process {first.pid} on .*\); wait for its end'
        with pytest.raises(InputError, match=told), lock(folder):
            pass
        with lock(tmp_path / 'new/other'), lock(folder, wanted=False):
            pass
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        with lock(folder):  # although its child lives
            assert not folder.exists()
        first.stdin.close()
    assert not [*folder.parent.iterdir()]


def test_folders_that_cannot_be_used(tmp_path):
    (tmp_path / 'file').write_text('')
    for use in (require_writable, lambda folder: lock(folder).__enter__()):
        with pytest.raises(InputError, match=r'file/out: cannot be written'):
            use(tmp_path / 'file/out')
    with pytest.raises(InputError, match='cannot be written to'):
        require_writable(tmp_path / 'file')
    assert [path.name for path in tmp_path.iterdir()] == ['file']


@pytest.mark.skipif(not os.path.isdir('/proc/self'), reason='needs a folder that takes no file')
def test_folders_that_cannot_be_made():
    with pytest.raises(InputError, match='/proc/none: cannot be written to'):
        require_writable('/proc/none')


def test_looking_leaves_nothing_behind(tmp_path):
    require_writable(tmp_path / 'a/b')
    require_writable(tmp_path)
    assert not [*tmp_path.iterdir()]
