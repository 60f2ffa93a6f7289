"""The page: cards of images, some at a time, and filters by class, change and verdict."""

from __future__ import annotations

import os.path
from pathlib import Path
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence

from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from mmnoisy.cleaning.pairs import ADDED, KEPT, KINDS, REMOVED
from mmnoisy.cleaning.view.cards import Card, Summary, summarise
from mmnoisy.io.atomic import atomic_files
from mmnoisy.reporting.pages import render_page
from mmnoisy.wording import counted


class Contents(NamedTuple):
    """What the page shows.

    Attributes:
        title: of the page.
        num_images: that the cards were drawn from.
        drawn: how, in words.
        cards: the images.
        addresses: of their pictures, None where there is none.
        class_names: of all classes, by class id.
        embedded: whether the addresses are the pictures themselves.
        notes: label -> text about the data set.
        classes: rows of the table of classes that a run of the project has found, if any.
        few_verdicts: fewer than this are few there.
    """

    title: str
    num_images: int
    drawn: str
    cards: Sequence[Card]
    addresses: Sequence[Optional[str]]
    class_names: Sequence[str]
    embedded: bool
    notes: Mapping[str, str]
    classes: Sequence[Mapping[str, Any]] = ()
    few_verdicts: int = 0


def page_path(out: Path) -> Path:
    """The file of the page: ``out`` itself, or ``index.html`` in the folder ``out``."""
    return (
        out if out.suffix.lower() in ('.html', '.htm') and not out.is_dir() else out / 'index.html'
    )


def write_view(path: Path, contents: Contents) -> None:
    """Writes the page, whole or not at all.

    Raises:
        InputError: nothing can be written there.
    """
    page = render_view(contents)
    with atomic_files(path.parent) as folder:
        (folder / path.name).write_text(page, 'utf-8')


def render_view(contents: Contents) -> str:
    """The page as HTML; it fetches nothing but the pictures that it links to."""
    summary = summarise(contents.cards)
    return render_page(
        'mmnoisy.cleaning.view',
        'view.html',
        ['view.js', *(['sort.js', 'filter.js'] if contents.classes else [])],
        **contents._asdict(),
        tiles=_tiles(contents, summary),
        data=as_json(contents),
        missing=sum(address is None for address in contents.addresses),
        kinds=[KINDS[kind] for kind in (REMOVED, ADDED, KEPT)],
        rated=any(label.present is not None for card in contents.cards for label in card.labels),
    )


def as_json(contents: Contents) -> Markup:
    """The cards for the script of the page, safe inside HTML.

    ``classes`` are the names of the classes on the cards and ``prefix`` is what all addresses
    begin with; ``images`` are lists of the id, the rest of the address or null, and the labels:
    lists of the place of the class, the kind, confidence, cleaned value, score and verdict (1
    present, 0 absent), the last four null where there is none.
    """
    used = sorted({label.label for card in contents.cards for label in card.labels})
    place = {label: k for k, label in enumerate(used)}
    found = [address for address in contents.addresses if address]
    prefix = os.path.commonprefix(found)  # noqa: RUF071, of characters
    images = [
        [
            card.image_id,
            address and address[len(prefix) :],
            [[place[label], *rest, _bit(verdict)] for label, *rest, verdict in card.labels],
        ]
        for card, address in zip(contents.cards, contents.addresses)
    ]
    names = [contents.class_names[label] for label in used]
    values: Dict[str, Any] = dict(classes=names, prefix=prefix, images=images)
    return htmlsafe_json_dumps(values, separators=(',', ':'))


def _bit(verdict: Optional[bool]) -> Optional[int]:
    return None if verdict is None else int(verdict)


def _tiles(contents: Contents, summary: Summary) -> List[Dict[str, str]]:
    """The sample in a nutshell: label, value, note."""
    kept, removed, added = (summary.kinds[kind] for kind in (KEPT, REMOVED, ADDED))
    before = kept + removed
    share = f'{100 * removed / before:.1f} % of the noisy labels' if before else ''
    tiles = [
        ('Images', f'{len(contents.cards):,}', f'of {contents.num_images:,} with labels'),
        ('Noisy labels', f'{before:,}', f'{kept + added:,} after cleaning'),
        ('Removed', f'{removed:,}', share),
        ('Added', f'{added:,}', f'{kept:,} are kept'),
    ]
    if summary.rated:
        noisy, cleaned = (
            f'{100 * count / summary.rated:.1f} %'
            for count in (summary.right_before, summary.right_after)
        )
        note = f'before: {noisy}; of {counted(summary.rated, "rated noisy label")}'
        tiles.append(('Right after cleaning', cleaned, note))
    return [dict(zip(('label', 'value', 'note'), tile)) for tile in tiles]
