"""What is built of the checkout, and what is found in it by name."""

import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import REPO
from mmengine.config import Config

import mmnoisy
from mmnoisy import InputError
from mmnoisy.config_files import configs_folder, find_config

LEAVES = [path.name for path in (REPO / 'configs').glob('*.py')]
LEAVES += [f'baselines/{path.name}' for path in (REPO / 'configs/baselines').glob('*.py')]
BUILD = 'import sys, setuptools.build_meta as backend; print(getattr(backend, sys.argv[1])("dist"))'


@pytest.fixture(scope='module')
def tracked():
    """The files of the project, but for what git ignores."""
    command = ['git', 'ls-files', '--cached', '--others', '--exclude-standard']
    result = subprocess.run(command, cwd=REPO, capture_output=True, text=True)
    if result.returncode:
        pytest.skip('this is no git checkout')
    return [name for name in result.stdout.splitlines() if (REPO / name).is_file()]


@pytest.fixture(scope='module')
def copy(tracked, tmp_path_factory):
    """A copy of the project, to build from."""
    root = tmp_path_factory.mktemp('copy')
    for name in tracked:
        if not name.startswith('tests/'):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPO / name, root / name)
    return root


@pytest.fixture(scope='module')
def of_mim(tracked):
    """What ``.mim`` is to hold."""
    wanted = ('configs/', 'tools/', 'model-index.yml')
    return {name for name in tracked if name.startswith(wanted)}


def build(root, what):
    """Runs a hook of PEP 517 or 660, as pip does; gives the file that it wrote."""
    if not find_spec('setuptools.command.bdist_wheel'):
        pytest.importorskip('wheel', reason='setuptools before 70.1 needs it')
    (root / 'dist').mkdir(exist_ok=True)
    command = [sys.executable, '-c', BUILD, what]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return root / 'dist' / result.stdout.splitlines()[-1]


def test_a_wheel_holds_the_package_and_mim(copy, tracked, of_mim):
    path = build(copy, 'build_wheel')
    assert path.name == f'mmnoisy-{mmnoisy.__version__}-py3-none-any.whl'
    with zipfile.ZipFile(path) as wheel:
        names = {name for name in wheel.namelist() if '.dist-info/' not in name}
    package = {name for name in tracked if name.startswith('mmnoisy/')}
    assert {'mmnoisy/py.typed', 'mmnoisy/reporting/templates/base.html'} < package
    assert names == package | {f'mmnoisy/.mim/{name}' for name in of_mim}


def test_a_source_distribution_holds_what_a_wheel_is_built_of(copy, tracked, of_mim):
    with tarfile.open(build(copy, 'build_sdist')) as archive:
        names = {name.partition('/')[2] for name in archive.getnames()}
    package = {name for name in tracked if name.startswith('mmnoisy/')}
    assert package | of_mim | {'setup.py', 'pyproject.toml', 'README.md'} <= names


def test_an_editable_install_has_mim_beside_the_sources_and_where_mim_looks(copy, of_mim, tmp_path):
    with zipfile.ZipFile(build(copy, 'build_editable')) as wheel:
        wheel.extractall(tmp_path)
    found = [path for path in (tmp_path / 'mmnoisy').rglob('*') if path.is_file()]
    assert {str(path.relative_to(tmp_path / 'mmnoisy/.mim')) for path in found} == of_mim
    assert [line for path in tmp_path.glob('*.pth') for line in path.read_text().splitlines()] == [
        str(copy)
    ]
    for name in ('configs/joint_demo.py', 'configs/baselines/asl_tiny.py'):
        assert (copy / 'mmnoisy/.mim' / name).samefile(copy / name)
        opened = Config.fromfile(tmp_path / 'mmnoisy/.mim' / name)
        assert opened.to_dict() == Config.fromfile(REPO / name).to_dict()


def test_what_is_installed_has_every_config():
    try:
        folder = Path(distribution('mmnoisy').locate_file('mmnoisy/.mim/configs'))
    except PackageNotFoundError:
        pytest.skip('mmnoisy is not installed')
    if not folder.is_dir():
        pytest.skip('mmnoisy was installed by an earlier setup.py; pip install -e . again')
    assert {str(path.relative_to(folder)) for path in folder.rglob('*.py')} >= {*LEAVES}


@pytest.mark.parametrize('name', LEAVES)
def test_every_config_can_be_inherited_by_name(name, tmp_path):
    (tmp_path / 'heir.py').write_text(f"_base_ = 'mmnoisy::{name}'\n")
    found = Config.fromfile(tmp_path / 'heir.py').to_dict()
    assert found == Config.fromfile(REPO / 'configs' / name).to_dict()


def test_what_is_taken_from_an_inherited_config_keeps_its_types(tmp_path):
    (tmp_path / 'heir.py').write_text(
        "_base_ = ['mmnoisy::joint_demo.py']\nmodel = dict(head=dict(_base_.model.head, thr=0.4))\n"
    )
    own = Config.fromfile(REPO / 'configs/joint_demo.py').model
    assert Config.fromfile(tmp_path / 'heir.py').model.to_dict() == {
        **own.to_dict(),
        'head': {**own.head.to_dict(), 'thr': 0.4},
    }


def test_configs_are_found_by_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = configs_folder()
    assert find_config('joint_demo.py') == folder / 'joint_demo.py'
    assert find_config('baselines/asl_tiny.py') == folder / 'baselines/asl_tiny.py'
    Path('joint_demo.py').write_text('')
    assert find_config('joint_demo.py') == Path('joint_demo.py')  # a file of the user goes first
    assert find_config('mmnoisy::joint_demo.py') == folder / 'joint_demo.py'
    for name, end in (
        ('mmnoisy::joint_dmeo.py', 'did you mean joint_demo.py'),
        ('configs/joint_demo.py', 'did you mean joint_demo.py'),
        ('folder/quite_another', 'check its spelling'),
    ):
        with pytest.raises(InputError, match=f'^{name}: there is no such config file.*; {end}'):
            find_config(name)
