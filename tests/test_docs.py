"""The documentation without Sphinx: links, anchors and paths exist, every page is in a toctree."""

import re
from argparse import ArgumentParser
from collections import Counter
from importlib import import_module

import pytest
from conftest import REPO

from mmnoisy.cli.main import SUBCOMMANDS

DOCS = REPO / 'docs'
SITE = sorted(
    path for path in DOCS.rglob('*.md') if not path.relative_to(DOCS).parts[0].startswith('_')
)
PAGES = [*sorted(REPO.glob('*.md')), *SITE]
COMMANDS = DOCS / 'reference/commands.md'


def prose(path):
    """The text of a page without its code."""
    text = re.sub(r'^(```+)(?!\{).*?^\1$', '', path.read_text(), flags=re.M | re.S)
    return re.sub(r'`[^`\n]*`', lambda code: code[0].replace('[', '').replace(']', ''), text)


def anchors(path):
    """The anchors of the headings of a page, as GitHub and MyST make them."""
    seen, found = Counter(), set()
    for heading in re.findall(r'^#+ (.+)$', prose(path), re.M):
        text = re.sub(r'\[([^]]*)\]\([^)]*\)', r'\1', heading).lower()
        slug = re.sub(r'[^\w\- ]', '', text).replace(' ', '-')
        found.add(f'{slug}-{seen[slug]}' if seen[slug] else slug)
        seen[slug] += 1
    if path == COMMANDS:  # a section each, made from the parsers when the site is built
        found |= {f'mmnoisy-{name}' for name in SUBCOMMANDS}
    return found


@pytest.mark.parametrize('page', PAGES, ids=lambda path: str(path.relative_to(REPO)))
def test_links_and_files_of_the_docs_exist(page):
    text = prose(page)
    links = re.findall(r'\]\(([^)\s]+)\)', text)
    links += re.findall(r'(?:src|srcset|href)="([^"]+)"', text)
    for link in links:
        if re.match(r'[a-z]+:', link):
            continue
        target, _, anchor = link.partition('#')
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), link
        assert not anchor or anchor in anchors(path), link
    for path in re.findall(r'(?<!tests/)(?:tools|configs)/[a-z]\w*\.(?:py|sh)', page.read_text()):
        assert (REPO / path).exists(), path


def test_every_page_is_in_a_toctree():
    listed = set()
    for page in SITE:
        for tree in re.findall(r'^```\{toctree\}\n(.*?)^```$', page.read_text(), re.M | re.S):
            entries = [line for line in tree.splitlines() if line and not line.startswith(':')]
            listed |= {(page.parent / entry).resolve() for entry in entries}
    notebooks = (DOCS / 'notebooks').glob('*.ipynb')
    pages = {path.with_suffix('') for path in [*SITE, *notebooks] if path.name != 'index.md'}
    pages |= {path.with_suffix('') for path in SITE if path.parent != DOCS and path.stem == 'index'}
    assert listed == pages


@pytest.mark.parametrize('name', SUBCOMMANDS)
def test_the_page_of_commands_has_every_argument(name, monkeypatch):
    """What is added to it when the site is built."""
    monkeypatch.syspath_prepend(str(DOCS / '_ext'))
    lines = [*import_module('commands').section(name)]
    assert f'## mmnoisy {name}' in lines
    assert sum(line.startswith('```') for line in lines) % 2 == 0
    rows = [line for line in lines if line.startswith('|')]
    assert all(len(re.findall(r'(?<!\\)\|', row)) == 3 for row in rows), rows
    parser = ArgumentParser(add_help=False)
    import_module(f'mmnoisy.cli.{SUBCOMMANDS[name]}').add_arguments(parser)
    named = ' '.join(row.split(' | ')[0] for row in rows)
    for action in parser._actions:
        for word in action.option_strings or [action.metavar or action.dest]:
            assert re.search(rf'`\[?{re.escape(word)}[\] `]', named), word
