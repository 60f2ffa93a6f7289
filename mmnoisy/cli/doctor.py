"""Says what this environment has, what it lacks and what in it is known to fail.

For example:
    mmnoisy doctor
    python tools/doctor.py --json > doctor.json

prints one table: versions, devices, extras and the line of pip that brings each, pairs of packages
that do not work with one another, and whether there is a place for temporary files. It ends with 1
where something is wrong that is needed, with 0 otherwise. Put it into the report of a bug.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Iterator, List

from mmnoisy import __version__
from mmnoisy.diagnosis import (
    ABSENT,
    BAD,
    OK,
    PYTHON,
    Row,
    asked_about,
    clash_rows,
    extra_rows,
    installed,
    needed_rows,
    own_requirements,
    python_row,
)
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import require_writable


def add_arguments(parser: ArgumentParser) -> None:
    """Adds what the command line may say."""
    parser.add_argument('--json', action='store_true', help='print JSON instead of a table')


def run(args: Namespace) -> None:
    """Looks, prints, and ends with 1 where something needed is wrong."""
    rows = [*look()]
    if args.json:
        print(json.dumps([row._asdict() for row in rows], indent=1))
    else:
        print(table(rows))
    if any(row.state == BAD for row in rows):
        sys.exit(1)


def look() -> Iterator[Row]:
    """The rows of the table; PyTorch is imported for the last ones only, if it is there."""
    requirements = own_requirements()
    versions = {name: installed(name) for name in asked_about(requirements)}
    yield _own_row()
    yield python_row(platform.python_version(), _python_versions())
    yield Row(OK, 'system', f'{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs')
    yield from needed_rows(requirements, versions)
    yield from clash_rows(versions)
    yield from extra_rows(requirements, versions)
    yield _temporary_folder()
    if versions.get('torch'):
        yield from _devices()


def table(rows: List[Row]) -> str:
    """The rows as lines of columns."""
    widths = [max(len(row[k]) for row in rows) for k in range(3)]
    lines = [
        '  '.join([*(text.ljust(width) for text, width in zip(row, widths)), row.advice])
        for row in rows
    ]
    return '\n'.join(line.rstrip() for line in lines)


def _own_row() -> Row:
    found = installed('mmnoisy')
    if found is None:
        return Row(
            BAD, 'mmnoisy', f'{__version__}, not installed', 'pip install -e . in its folder'
        )
    return Row(OK, 'mmnoisy', __version__)


def _python_versions() -> str:
    try:
        return metadata('mmnoisy')['Requires-Python'] or PYTHON
    except PackageNotFoundError:
        return PYTHON


def _temporary_folder() -> Row:
    what = 'temporary files'
    try:
        folder = Path(tempfile.gettempdir())
        require_writable(folder)
    except (OSError, InputError) as error:
        return Row(BAD, what, str(error), 'set TMPDIR to a folder that can be written to')
    return Row(OK, what, f'{folder}, {shutil.disk_usage(folder).free / 2**30:.1f} GiB free')


def _devices() -> Iterator[Row]:
    """The GPUs, after an import of PyTorch, which a broken one does not survive."""
    try:
        import torch

        gpus = [torch.cuda.get_device_properties(k) for k in range(torch.cuda.device_count())]
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        yield Row(BAD, 'import torch', reason, "pip install --force-reinstall 'torch>=2.6'")
        return
    for k, gpu in enumerate(gpus):
        yield Row(OK, f'cuda:{k}', f'{gpu.name}, {gpu.total_memory / 2**30:.0f} GiB')
    if not gpus:
        built = torch.version.cuda
        advice = '' if built is None else f'built for CUDA {built}; see what nvidia-smi says'
        yield Row(ABSENT, 'GPU', 'none, so it computes on the CPU', advice)
