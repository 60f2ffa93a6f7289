"""The config files of the package, which configs elsewhere name as ``mmnoisy::joint_demo.py``."""

from __future__ import annotations

from pathlib import Path

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
