"""Fills ``reference/commands.md`` with a section for each command, made of its parser."""

from __future__ import annotations

import re
from argparse import SUPPRESS, Action, ArgumentParser, _HelpAction
from importlib import import_module
from textwrap import dedent
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
    yield described(tool.__doc__ or '')
    for group in parser._action_groups:
        own = group is parser._positionals or group is parser._optionals
        title = 'Argument' if group is parser._positionals else 'Option'
        yield from table(title, group._group_actions, '' if own else group.title)


def described(text: str) -> str:
    """A docstring as Markdown: what is indented is code."""
    text = re.sub(r'^(or, in a checkout, )(.+)$', r'\1`\2`', f'{text.strip()}\n', flags=re.M)
    parts = re.split(r'((?:^    .+\n)+)', text, flags=re.M)  # every second one is code
    return ''.join(_code(part) if k % 2 else options_as_code(part) for k, part in enumerate(parts))


def _code(lines: str) -> str:
    return f'\n```bash\n{dedent(lines)}```\n'


def table(head: str, actions: Iterable[Action], title: str) -> Iterator[str]:
    """A row for each argument of a group."""
    rows = [
        f'| {form(one)} | {meaning(one)} |'
        for one in actions
        if one.help != SUPPRESS and not isinstance(one, _HelpAction)
    ]
    if rows:
        yield from ('', options_as_code(f'{title[:1].upper()}{title[1:]}:')) if title else ()
        yield from ('', f'| {head} | Meaning |', '|---|---|', *rows)


def form(action: Action) -> str:
    """An argument as it is typed."""
    value = action.metavar
    if isinstance(value, tuple):
        value = ' '.join(value)
    elif value is None and action.choices:
        value = '{' + ', '.join(map(str, action.choices)) + '}'  # may be broken at each
    elif value is None:
        value = action.dest.upper() if action.option_strings else action.dest
    value = {'?': f'[{value}]', '*': f'{value} ...', '+': f'{value} ...', 0: ''}.get(
        action.nargs, value
    )
    return ', '.join(cell(f'{option} {value}'.strip()) for option in action.option_strings or [''])


def cell(text: str) -> str:
    """Code in a table."""
    return f'`{text}`'.replace('|', '\\|')


def meaning(action: Action) -> str:
    """The help of an argument, in which a pipe is no border."""
    text = (action.help or '') % {**vars(action), 'prog': ''}
    text = text.replace('|', '\\|').replace('*', '\\*').replace('<', '&lt;')
    text = options_as_code(text)
    return f'**Required.** {text}' if action.required and action.option_strings else text


def options_as_code(text: str) -> str:
    """Puts options into code that are in none yet."""
    parts = re.split(r'(`[^`]*`)', text)
    return ''.join(
        re.sub(r'(?<![\w-])--\w[\w-]*', r'`\g<0>`', p) if p[:1] != '`' else p for p in parts
    )
