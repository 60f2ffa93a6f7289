"""Where what a user got wrong becomes one sentence; programming errors keep their traceback."""

from __future__ import annotations

import errno
import pickle
import re
import sys
from contextlib import contextmanager
from inspect import Parameter, isclass, signature
from traceback import walk_tb
from types import FrameType
from typing import Any, Dict, Iterator, List, Optional, Set

from mmnoisy.errors import USER_ERROR, InputError, like

_OF_FILES = {
    getattr(errno, name)
    for name in (
        *('ENOENT', 'EACCES', 'EPERM', 'EROFS', 'EISDIR', 'ENOTDIR', 'EEXIST', 'ENOTEMPTY'),
        *('ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'ENAMETOOLONG', 'ELOOP'),
    )
    if hasattr(errno, name)
}

_OLD_NAMES = 'mmnoisy.models.old_names'


@contextmanager
def user_errors(program: str) -> Iterator[None]:
    """Ends a tool with one line and exit code 2 where the user's input cannot be used.

    Args:
        program: name of the tool, to begin the line with.
    """
    try:
        yield
    except Exception as error:
        sentence = sentence_of(error)
        if sentence is None:
            raise
        print(f'{program}: error: {sentence}', file=sys.stderr)
        sys.exit(USER_ERROR)


def sentence_of(error: Exception) -> Optional[str]:
    """What a user got wrong, in a sentence; None for a programming error."""
    if isinstance(error, InputError):
        # From a loader's worker the message comes with the worker's traceback before it.
        return str(error).strip().split('InputError: ')[-1]
    if isinstance(error, OSError):
        return _of_file(error)
    if isinstance(error, pickle.UnpicklingError):
        reason = str(error).strip().splitlines()[0]
        return f'a checkpoint cannot be loaded ({reason}); give one that tools/train.py wrote'
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    if isinstance(error, KeyError):
        return _of_registry(error, frames)
    if isinstance(error, TypeError):
        return _of_setting(error, frames)
    return None


def _of_file(error: OSError) -> Optional[str]:
    if error.errno not in _OF_FILES:
        return None
    name = error.filename2 or error.filename
    where = f'{name}: ' if name is not None else ''
    return f'{where}{error.strerror}; check the path, the rights and the space there'


def _of_registry(error: KeyError, frames: List[FrameType]) -> Optional[str]:
    """A type that is registered nowhere."""
    found = re.match(r'(\S+) is not in the (\S+) registry', str(error.args[0]))
    if found is None:
        return None
    names: Set[str] = set()
    for frame in frames:
        registry: Any = frame.f_locals.get('registry')
        while hasattr(registry, 'module_dict'):
            names.update(registry.module_dict)
            registry = registry.parent
    kind, where = found.groups()
    return f'type={kind!r}: there is none among the {where.split("::")[-1]}s{like(kind, names)}'


def _of_setting(error: TypeError, frames: List[FrameType]) -> Optional[str]:
    """A setting of a config that its component does not take, or one that it lacks."""
    unknown = re.search(r"unexpected keyword argument '(\w+)'", str(error))
    missing = re.search(r"missing \d+ required .*arguments?: '(\w+)'", str(error))
    # What stands before a constructor to refuse old names is no part of it.
    frames = [one for one in frames if one.f_globals.get('__name__') != _OLD_NAMES]
    for frame in reversed(frames):
        settings = _settings(frame)
        component = frame.f_locals.get('obj_cls')
        name = getattr(component, '__name__', settings.get('type', 'the config'))
        if unknown and unknown[1] in settings:
            known = _parameters(component)
            return f'{name} takes no setting {unknown[1]!r}{like(unknown[1], known)}'
        if missing and component is not None and frame is frames[-1]:
            return f'{name} lacks its setting {missing[1]!r}; give it in the config'
    return None


def _settings(frame: FrameType) -> Dict[str, Any]:
    """Settings of a config that a function of MMEngine was about to pass on."""
    if not frame.f_globals.get('__name__', '').startswith('mmengine.'):
        return {}
    found = (frame.f_locals.get(name) for name in ('args', 'loop', 'loop_cfg', 'kwargs'))
    return next((values for values in found if isinstance(values, dict)), {})


def _parameters(component: Any) -> Set[str]:
    """The settings that a class and those above it take."""
    names: Set[str] = set()
    for one in component.__mro__ if isclass(component) else ():
        parameters = signature(one).parameters.values()
        names |= {p.name for p in parameters if p.kind is not Parameter.VAR_KEYWORD}
    return names
