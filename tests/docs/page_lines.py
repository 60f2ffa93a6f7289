"""Runs what a page or a notebook shows: shell lines and Python, in the order of the page."""

import contextlib
import json
import os
import re
import shlex
import subprocess
import sys
from io import StringIO
from pathlib import Path

from conftest import REPO, script_environment

from mmnoisy.cli.main import main

# Trainings of a few steps, and a network that needs no download.
SHORT = {'train_cfg.min_images': 60, 'train_cfg.min_passes': 0}
OPTIONS = ['--cfg-options', *(f'{key}={value}' for key, value in SHORT.items())]

_PART = re.compile(r'(?:<!-- (.+?) -->\n)?```(\w+)\n(.*?)```', re.DOTALL)


def parts(text):
    """What stands in the fences of a page: (the comment before it or '', language, text)."""
    return [(note or '', language, body) for note, language, body in _PART.findall(text)]


class Shell:
    """A folder in which shell lines run; commands of ours in this process, which is quicker.

    Args:
        folder: where to begin.
        network: what ``mmnoisy run`` is given in place of a network that is downloaded.
    """

    def __init__(self, folder, network=()):
        self.folder, self.network = Path(folder), [*map(str, network)]

    def run(self, line):
        """Runs one line; returns what it printed."""
        words = shlex.split(line, comments=True)
        if not words:
            return ''
        if words[0] == 'cd':
            self.folder = (self.folder / words[1]).resolve()
            return ''
        if words[0] == 'mmnoisy':
            return self._command(words)
        done = subprocess.run(
            ['bash', '-ec', line],
            cwd=self.folder,
            env=script_environment(PYTHONPATH=str(REPO)),
            capture_output=True,
            text=True,
        )
        assert not done.returncode, f'{line}\n{done.stderr}'
        return done.stdout

    def python(self, code, names):
        """Runs Python in the folder."""
        with self._here() as printed:
            exec(code, names)
        return printed.getvalue()

    def _command(self, words):
        if '2>' in words:
            words = words[: words.index('2>')]
        if words[1] == 'run':
            words += [] if '--features' in words else self.network
            words += OPTIONS
        if words[1] == 'train':
            words += ['--cfg-options', 'train_cfg.max_epochs=1']
        if words[1] in ('review', 'calibrate'):
            words += ['--folds', '2']
        before = sys.argv
        sys.argv = words
        try:
            with self._here() as printed:
                main()
        except SystemExit as ended:
            assert not ended.code, shlex.join(words)
        finally:
            sys.argv = before
        return printed.getvalue()

    @contextlib.contextmanager
    def _here(self):
        before = os.getcwd()
        os.chdir(self.folder)
        try:
            with contextlib.redirect_stdout(StringIO()) as printed:
                yield printed
        finally:
            os.chdir(before)


def run_page(path, shell, names=None):
    """Runs the fences of a page; text that is marked as printed must be.

    Args:
        path: of the page.
        shell: in which it runs.
        names: collects the variables of its Python.

    Returns:
        The number of fences that were left out, marked as such.
    """
    left_out, said = 0, ''
    names = {} if names is None else names
    for note, language, body in parts(path.read_text('utf-8')):
        if note.startswith('not run'):
            left_out += 1
        elif language == 'bash':
            lines = body.replace('\\\n', '').splitlines()
            said = ''.join(map(shell.run, lines))
        elif language == 'python':
            said = shell.python(body, names)
        elif note == 'printed':
            assert said == body, f'{path.name} shows what is not printed'
    return left_out


def _shortened(call):
    return f'Classifier({", ".join([*filter(None, [call[1]]), "steps=30"])})'


def run_notebook(path, shell):
    """Runs the cells of a notebook, with shorter trainings; returns its variables."""
    names = {}
    for cell in json.loads(path.read_text('utf-8'))['cells']:
        code = ''.join(cell['source'])
        if cell['cell_type'] != 'code':
            continue
        if code.startswith('!'):
            for line in code.splitlines():
                shell.run(line[1:])
        else:
            shell.python(re.sub(r'Classifier\((.*?)\)', _shortened, code), names)
    return names
