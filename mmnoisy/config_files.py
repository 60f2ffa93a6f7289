"""The config files of the package, which configs elsewhere name as ``mmnoisy::joint_demo.py``."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Optional

from mmnoisy.errors import InputError, like

PREFIX = 'mmnoisy::'


def configs_folder() -> Path:
    """Where they are: in an installed package, or in the checkout that is imported."""
    package = Path(__file__).parent
    installed = package / '.mim/configs'
    return installed if installed.is_dir() else package.parent / 'configs'


def find_config(name: str | Path) -> Path:
    """The file that a config is in.

    Args:
        name: a path, or the name of a config of the package below its ``configs``, such as
            ``mmnoisy::joint_demo.py`` or, where there is no such file, ``joint_demo.py`` and
            ``baselines/asl_tiny.py``.

    Raises:
        InputError: there is neither.
    """
    path = Path(name)
    if path.is_file():
        return path
    folder = configs_folder()
    own = folder / str(name).removeprefix(PREFIX)
    if own.is_file():
        return own
    names = [str(file.relative_to(folder)) for file in folder.rglob('*.py')]
    raise InputError(
        f'{name}: there is no such config file, neither here nor in mmnoisy'
        f'{like(path.name.removeprefix(PREFIX), names)}'
    )


def mmpretrain_config(name: str) -> Optional[Path]:
    """The file of a config of MMPretrain; None for what is no name of one.

    Args:
        name: the path of a file, or the name of one of MMPretrain's own, such as
            ``resnet18_8xb32_in1k`` or ``mmpretrain::resnet/resnet18_8xb32_in1k.py``.

    Raises:
        InputError: it looks like one, and there is none.
    """
    of_config = name.endswith('.py') or name.startswith('mmpretrain::')
    if of_config and Path(name).is_file():
        return Path(name)
    spec = find_spec('mmpretrain')
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / '.mim/configs'
    wanted = name.removeprefix('mmpretrain::').removesuffix('.py')
    files = {
        file.relative_to(folder).with_suffix('').as_posix(): file for file in folder.rglob('*.py')
    }
    files = {key: file for key, file in files.items() if not key.startswith('_base_')}
    found = [file for key, file in files.items() if wanted in (key, file.stem)]
    if found or not of_config:
        return found[0] if found else None
    names = [Path(key).name for key in files]
    raise InputError(
        f'{name}: there is no such config file, neither here nor in MMPretrain'
        f'{like(Path(wanted).name, names)}'
    )
