"""What an environment has and lacks, found out without importing what may be broken.

What is needed and what each extra brings stands in the metadata of the package; pairs that are
known to fail with one another stand here.
"""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

OK, BAD, ABSENT = 'ok', 'bad', 'absent'
"""Of a row: it can be used; something needed cannot; something optional is not there."""

PYTHON = '>=3.9,<3.14'  # that of setup.py, where no metadata says so
STACKS = {
    'openmmlab': ('mmpretrain', 'mmengine', 'mmcv-lite'),
    'onedl': ('onedl-mmpretrain', 'onedl-mmengine', 'onedl-mmcv'),
}
"""The two distributions of MMPretrain, MMEngine and MMCV, by the extra that brings them."""

_NOT_FEATURES = ('all', 'dev', 'test', *STACKS)

Versions = Mapping[str, Optional[str]]


class Row(NamedTuple):
    """One line of the table.

    Attributes:
        state: ``'ok'``, ``'bad'`` or ``'absent'``.
        what: is looked at.
        found: version or value.
        advice: what to do about it, '' where there is nothing to do.
    """

    state: str
    what: str
    found: str
    advice: str = ''


class Requirement(NamedTuple):
    """A line of the metadata: distribution, versions such as ``'>=64.0.0,<82'``, and extra."""

    name: str
    versions: str
    extra: Optional[str] = None


def own_requirements() -> List[Requirement]:
    """What the package requires by its metadata; nothing where it is not installed."""
    try:
        lines = requires('mmnoisy') or []
    except PackageNotFoundError:
        return []
    return [parse(line) for line in lines]


def parse(line: str) -> Requirement:
    """A requirement as metadata has it, such as ``'timm>=0.9.16; extra == "all"'``."""
    package, _, marker = line.partition(';')
    extra = re.search(r'extra\s*==\s*[\'"]([\w-]+)', marker)
    found = re.match(r'\s*([\w.-]+)\s*\(?([^)]*)', package)
    assert found is not None, line
    return Requirement(found[1], found[2].replace(' ', ''), extra and extra[1])


def installed(name: str) -> Optional[str]:
    """The version of a distribution, None where it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def meets(found: str, versions: str) -> bool:
    """Whether a version is among those of a requirement; only numbers count, as ``2.6`` does.

    Args:
        found: such as ``'2.14.1+cu130'``.
        versions: of ``>=``, ``<``, ``<=``, ``>``, ``==`` and ``!=`` between commas.
    """
    tests: Dict[str, Callable[[Tuple, Tuple], bool]] = {
        '>=': lambda a, b: a >= b,
        '<=': lambda a, b: a <= b,
        '==': lambda a, b: a == b,
        '!=': lambda a, b: a != b,
        '>': lambda a, b: a > b,
        '<': lambda a, b: a < b,
    }
    own = _numbers(found)
    for sign, bound in re.findall(r'([<>=!]=|[<>])([\d.]+)', versions):
        if not tests[sign](own, _numbers(bound)):
            return False
    return True


def python_row(found: str, versions: str = PYTHON) -> Row:
    """Whether Python is one that the package runs on."""
    fits = meets(found, versions)
    return Row(OK if fits else BAD, 'Python', found, '' if fits else f'use Python {versions}')


def needed_rows(requirements: List[Requirement], versions: Versions) -> Iterator[Row]:
    """What has to be there: the package's own requirements, PyTorch, and one of the two stacks."""
    stack = stack_of(versions)
    for one in requirements:
        if one.extra is None:
            yield _needed(one, versions)
        elif one.extra == stack:
            yield _needed(one, versions, f"'mmnoisy[{stack}]'")


def stack_of(versions: Versions) -> str:
    """Which of the two stacks there is, by its extra: the first unless more of the second."""
    count = {name: sum(bool(versions.get(k)) for k in parts) for name, parts in STACKS.items()}
    return max(STACKS, key=lambda name: count[name])


def extra_rows(requirements: List[Requirement], versions: Versions) -> Iterator[Row]:
    """What is there of each extra, and the line of pip that brings the rest."""
    extras = dict.fromkeys(one.extra for one in requirements if one.extra not in _NOT_FEATURES)
    for extra in filter(None, extras):
        members = [one for one in requirements if one.extra == extra]
        yield _optional(f'extra {extra}', members, versions, f"'mmnoisy[{extra}]'")
    others = {one.name for one in requirements if one.extra not in ('all', 'dev', 'test')}
    # Without an extra of their own; 'all' would bring the first stack beside the second.
    for one in requirements:
        if one.extra == 'all' and (one.name not in others or one.name == 'scikit-learn'):
            yield _optional(one.name, [one], versions, f"'{one.name}{one.versions}'")


def clash_rows(versions: Versions) -> Iterator[Row]:
    """Pairs that are known to fail with one another."""
    for names, is_bad, advice in _CLASHES:
        found = [versions.get(name) for name in names]
        if all(found) and is_bad(*found):
            shown = ', '.join(f'{name} {one}' for name, one in zip(names, found))
            yield Row(BAD, ' with '.join(names), shown, advice)


def asked_about(requirements: List[Requirement]) -> List[str]:
    """The distributions whose versions the rows depend on."""
    of_clashes = [name for names, *_ in _CLASHES for name in names]
    return [*dict.fromkeys([*(one.name for one in requirements), *of_clashes])]


def _needed(one: Requirement, versions: Versions, extra: str = '') -> Row:
    # The full MMCV does what the light one does.
    name = 'mmcv' if one.name == 'mmcv-lite' and versions.get('mmcv') else one.name
    found = versions.get(name)
    mend = f"pip install '{one.name}{one.versions}'"
    if found is None:
        return Row(BAD, name, 'missing', f'pip install {extra}' if extra else mend)
    return Row(OK, name, found) if meets(found, one.versions) else Row(BAD, name, found, mend)


def _optional(what: str, members: List[Requirement], versions: Versions, package: str) -> Row:
    texts, lacking = [], False
    for one in members:
        found = versions.get(one.name)
        lacking |= found is None or not meets(found, one.versions)
        texts.append(' '.join([one.name] * (len(members) > 1) + [found or 'missing']))
    advice = f'pip install {package}' if lacking else ''
    return Row(ABSENT if lacking else OK, what, ', '.join(texts), advice)


def _numbers(text: str) -> Tuple[int, ...]:
    """``'2.6.0+cu126'`` as (2, 6): zeros at the end do not count."""
    found = re.match(r'\d+(?:\.\d+)*', text)
    numbers = [int(part) for part in found[0].split('.')] if found else []
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def _always(*_: str) -> bool:
    return True


_Clash = Tuple[Tuple[str, ...], Callable[..., bool], str]
_CLASHES: List[_Clash] = [
    (
        ('mmengine', 'setuptools'),
        lambda _, found: meets(found, '>=82'),
        "pip install 'setuptools<82': MMEngine reads mmpretrain:: configs with pkg_resources",
    ),
    (
        ('mmpretrain', 'mmcv'),
        lambda _, found: meets(found, '>=2.4'),
        "pip install 'mmcv<2.4': MMPretrain refuses newer ones",
    ),
    (
        ('mmpretrain', 'mmcv-lite'),
        lambda _, found: meets(found, '>=2.4'),
        "pip install 'mmcv-lite<2.4': MMPretrain refuses newer ones",
    ),
    (('mmcv', 'mmcv-lite'), _always, 'both are the folder mmcv: pip uninstall both, install one'),
    *(
        ((one, two), _always, 'both are the same folder: pip uninstall both, install one stack')
        for one, two in zip(*STACKS.values())
    ),
    (('mmcv', 'onedl-mmcv'), _always, 'both are the folder mmcv: pip uninstall both, install one'),
    (
        ('openmim', 'requests'),
        lambda _, found: meets(found, '<2.32.2'),
        "pip install 'requests>=2.32.2': openmim pins an older one, which downloads cannot use",
    ),
]
