"""Pages that stand alone: one HTML file, nothing fetched from anywhere.

The templates beside this module give every page its frame (``base.html``), its look
(``style.css``) and tables to sort (``sort.js``); a package that writes a page keeps its own in a
folder ``templates`` and extends ``base.html``. All that comes from data is escaped, and the page's
content security policy lets run no script but its own and open no connection.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any, Sequence

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup


def render_page(package: str, template: str, scripts: Sequence[str], **values: Any) -> str:
    """Renders a page.

    Args:
        package: that keeps the template, such as ``'mmnoisy.experiments.report'``.
        template: its name.
        scripts: names of the JavaScript templates that the page runs.
        **values: of the variables in the template.

    Returns:
        HTML.
    """
    loader = ChoiceLoader([PackageLoader(package), PackageLoader('mmnoisy.reporting')])
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    sources = [loader.get_source(environment, name)[0] for name in scripts]
    return environment.get_template(template).render(
        scripts=[Markup(source) for source in sources],  # noqa: S704, the project's own files
        script_hashes=[_hash(source) for source in sources],
        **values,
    )


def png_uri(data: bytes) -> str:
    """A PNG as the address of its own bytes."""
    return _uri('png', data)


def jpeg_uri(data: bytes) -> str:
    """The same for a JPEG."""
    return _uri('jpeg', data)


def _uri(kind: str, data: bytes) -> str:
    return f'data:image/{kind};base64,{base64.b64encode(data).decode()}'


def _hash(source: str) -> str:
    digest = hashlib.sha256(source.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
