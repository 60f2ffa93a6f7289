"""Shows pages of the folder above docs, CHANGELOG.md and CONTRIBUTING.md, on the site."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Dict, List

if TYPE_CHECKING:
    from sphinx.application import Sphinx

PAGES = {'changelog': 'CHANGELOG.md', 'contributing': 'CONTRIBUTING.md'}


def setup(app: Sphinx) -> Dict[str, Any]:
    """Called by Sphinx."""
    app.connect('source-read', take_page)
    return {'parallel_read_safe': True}


def take_page(app: Sphinx, page: str, source: List[str]) -> None:
    """Puts the page that is named in the place of what Sphinx has read."""
    if page in PAGES:
        path = app.srcdir.parent / PAGES[page]
        app.env.note_dependency(str(path))
        source[0] = as_in_docs(path.read_text('utf-8'))


def as_in_docs(text: str) -> str:
    """Links of a page as they are one folder below."""
    text = re.sub(r'\]\((?!docs/|#|\w+:)', '](../', text)
    return text.replace('](docs/', '](')
