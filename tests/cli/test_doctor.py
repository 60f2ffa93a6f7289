import json
import subprocess
import sys

import pytest

from mmnoisy.cli import doctor
from mmnoisy.cli.main import main
from mmnoisy.diagnosis import ABSENT, BAD, OK, Row


def run(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, 'argv', ['mmnoisy', 'doctor', *arguments])
    code = 0
    try:
        main()
    except SystemExit as end:
        code = end.code
    return code, capsys.readouterr().out


def test_json_has_what_the_table_has(monkeypatch, capsys):
    rows = [Row(OK, 'numpy', '2.4.6'), Row(ABSENT, 'timm', 'missing', "pip install 'timm'")]
    monkeypatch.setattr(doctor, 'look', lambda: iter(rows))
    code, text = run(monkeypatch, capsys)
    assert code == 0
    assert text.splitlines() == [
        'ok      numpy  2.4.6',
        "absent  timm   missing  pip install 'timm'",
    ]
    code, text = run(monkeypatch, capsys, '--json')
    assert code == 0
    assert json.loads(text)[1] == dict(
        state='absent', what='timm', found='missing', advice="pip install 'timm'"
    )


def test_something_needed_is_wrong(monkeypatch, capsys):
    versions = {'torch': '2.5.0', 'mmengine': '0.10.7', 'setuptools': '84.2'}
    monkeypatch.setattr(doctor, 'installed', versions.get)
    monkeypatch.setattr(doctor, '_devices', lambda: iter(()))
    code, text = run(monkeypatch, capsys)
    assert code == 1
    lines = text.splitlines()
    assert any(line.split()[:3] == ['bad', 'numpy', 'missing'] for line in lines)
    assert any(line.split()[:3] == ['bad', 'torch', '2.5.0'] for line in lines)
    assert any("pip install 'setuptools<82'" in line for line in lines)


def test_no_place_for_temporary_files(monkeypatch, tmp_path):
    (tmp_path / 'file').touch()
    monkeypatch.setattr(doctor.tempfile, 'gettempdir', lambda: str(tmp_path / 'file'))
    row = doctor._temporary_folder()
    assert row.state == BAD and 'TMPDIR' in row.advice


def test_a_pytorch_that_cannot_be_imported(monkeypatch):
    monkeypatch.setitem(sys.modules, 'torch', None)
    (row,) = doctor._devices()
    assert (row.state, row.what) == (BAD, 'import torch')


@pytest.mark.parametrize('gone', ['numpy', 'pyarrow', 'torch'])
def test_it_starts_without_what_is_missing(gone):
    """Neither NumPy nor PyTorch is there; the latter is not imported where it is not asked for."""
    code = (
        f'import sys; sys.modules[{gone!r}] = None\n'
        'from mmnoisy.cli import doctor\n'
        'from mmnoisy.cli.main import main\n'
        f'found = doctor.installed\n'
        f'doctor.installed = lambda name: None if name in ({gone!r}, "torch") else found(name)\n'
        'sys.argv = ["mmnoisy", "doctor"]\n'
        'try: main()\n'
        'except SystemExit as end: assert end.code == 1\n'
        'else: assert False\n'
        'assert sys.modules.get("torch") is None and "mmengine" not in sys.modules\n'
    )
    result = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert any(line.split()[:3] == ['bad', gone, 'missing'] for line in result.stdout.splitlines())
