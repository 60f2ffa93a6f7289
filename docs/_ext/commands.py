"""Fills ``reference/commands.md`` with a section for each command, made of its parser."""

from __future__ import annotations

import re
from argparse import SUPPRESS, Action, ArgumentParser, _HelpAction
from importlib import import_module
from typing import TYPE_CHECKING, Any, Dict, Iterable, Iterator, List

from mmnoisy.cli.main import SUBCOMMANDS

if TYPE_CHECKING:
    from sphinx.application import Sphinx

PAGE = 'reference/commands'


def setup(app: Sphinx) -> Dict[str, Any]:
    """Called by Sphinx."""
    app.connect('source-read', add_commands)
    return {'parallel_read_safe': True}


def add_commands(app: Sphinx, page: str, source: List[str]) -> None:
    """Adds the sections to the page when Sphinx has read it."""
    if page == PAGE:
        source[0] += '\n'.join(line for name in SUBCOMMANDS for line in section(name))


def section(name: str) -> Iterator[str]:
    """The lines of a command: what it does, its examples and its arguments, in Markdown."""
    tool = import_module(f'mmnoisy.cli.{SUBCOMMANDS[name]}')
    parser = ArgumentParser(f'mmnoisy {name}', add_help=False)
    tool.add_arguments(parser)
    yield from ('', f'## mmnoisy {name}', '')
    yield from described(tool.__doc__ or '')
    for title, actions in (
        ('Argument', [one for one in parser._actions if not one.option_strings]),
        ('Option', [one for one in parser._actions if one.option_strings]),
    ):
        yield from table(title, actions)


def described(text: str) -> Iterator[str]:
    """A docstring as Markdown: what is indented is code."""
    code = False
    for line in [*text.strip().splitlines(), '']:
        indented = line.startswith('    ')
        if indented != code and (line or not code):
            yield from ('```', '') if code else ('', '```bash')
            code = indented
        yield line[4:] if code else re.sub(r'(python tools/.+)', r'`\1`', line)
    if code:
        yield '```'


def table(title: str, actions: Iterable[Action]) -> Iterator[str]:
    """A row for each argument."""
    rows = [
        f'| {form(one)} | {meaning(one)} |'
        for one in actions
        if one.help != SUPPRESS and not isinstance(one, _HelpAction)
    ]
    if rows:
        yield from ('', f'| {title} | Meaning |', '|---|---|', *rows)


def form(action: Action) -> str:
    """An argument as it is typed."""
    value = action.metavar
    if isinstance(value, tuple):
        value = ' '.join(value)
    if value is None and action.choices:
        value = '{' + ','.join(map(str, action.choices)) + '}'
    if not action.option_strings:
        value = value or action.dest
        return cell(value + {'*': ' ...', '+': ' ...'}.get(action.nargs, ''))
    value = '' if action.nargs == 0 else f' {value or action.dest.upper()}'
    value += ' ...' if action.nargs in ('*', '+') else ''
    return ', '.join(cell(f'{option}{value}') for option in action.option_strings)


def cell(text: str) -> str:
    """Code in a table."""
    return f'`{text}`'.replace('|', '\\|')


def meaning(action: Action) -> str:
    """The help of an argument, in which a pipe is no border."""
    text = (action.help or '') % {**vars(action), 'prog': ''}
    text = text.replace('|', '\\|').replace('*', '\\*').replace('<', '&lt;')
    text = re.sub(r'(?<![\w`-])--\w[\w-]*', r'`\g<0>`', text)
    return f'**Required.** {text}' if action.required and action.option_strings else text
