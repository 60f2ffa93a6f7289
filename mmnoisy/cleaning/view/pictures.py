"""The pictures of a page: links to their files, or thumbnails inside of it."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import List, NamedTuple, Optional, Sequence
from urllib.parse import quote

from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.datasets.pictures.paths import check_template
from mmnoisy.datasets.pictures.thumbnails import encode_jpeg, thumbnail
from mmnoisy.datasets.threads import map_in_threads
from mmnoisy.errors import InputError
from mmnoisy.io.progress import progress
from mmnoisy.reporting.pages import jpeg_uri

LONGEST = 128
"""Pixels of the longer side of a thumbnail."""
QUALITY = 75


class Pictures(NamedTuple):
    """Where the pictures of a subset lie.

    Attributes:
        root: their folder.
        templates: paths below it, see :mod:`mmnoisy.datasets.pictures.paths`; the first counts
            under which there is a file.
        labels: of the images.
    """

    root: Path
    templates: Sequence[str]
    labels: LabelIndex

    def check(self) -> None:
        """Checks them before any work is done.

        Raises:
            InputError: there is no such folder, or a template cannot be used.
        """
        if not self.root.is_dir():
            raise InputError(f'{self.root}: there is no such folder of pictures; check --images')
        for template in self.templates:
            check_template(template)

    def paths(self, image_id: str) -> List[Path]:
        """Where the picture of an image may lie.

        Raises:
            InputError: it leads out of the folder.
        """
        row = self.labels.image_ids.row(image_id)
        return [self.root / self.labels.picture(row, each) for each in self.templates]

    def find(self, image_id: str) -> Optional[Path]:
        """The picture of an image; None where there is no file."""
        return next(filter(Path.is_file, self.paths(image_id)), None)


def addresses(
    pictures: Pictures, image_ids: Sequence[str], folder: Path, embed: bool = False
) -> List[Optional[str]]:
    """Addresses of the pictures of some images, for a page; None where there is no picture.

    Args:
        pictures: where they lie.
        image_ids: (n) of the index.
        folder: of the page, to which paths are relative.
        embed: thumbnails instead of links.
    """
    address = _embedded if embed else partial(_link, folder=folder)

    def of_image(image_id: str) -> Optional[str]:
        path = pictures.find(image_id)
        return None if path is None else address(path)

    found = map_in_threads(of_image, image_ids)
    return [*progress('pictures', found, len(image_ids), 'pictures')]


def _link(path: Path, folder: Path) -> str:
    try:
        relative = Path(os.path.relpath(path, folder))
    except ValueError:  # another drive of Windows
        return path.absolute().as_uri()
    return quote(relative.as_posix().encode('utf-8', 'surrogateescape'))


def _embedded(path: Path) -> Optional[str]:
    picture = thumbnail(path, LONGEST)
    return None if picture is None else jpeg_uri(encode_jpeg(picture, QUALITY))
