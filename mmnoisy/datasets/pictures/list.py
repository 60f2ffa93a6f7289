"""What to fetch for each row of an image list (``images.csv``) of Open Images."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, Optional, Sequence
from urllib.parse import urlsplit

from mmnoisy.datasets.pictures.paths import check_template, picture_path
from mmnoisy.errors import InputError
from mmnoisy.io.spreadsheet import delimiter
from mmnoisy.io.texts import Texts

BUCKET_URL = 'https://open-images-dataset.s3.amazonaws.com'

# Of each source, the columns of which the list needs at least one.
SOURCES = {
    'original': ('OriginalURL',),
    'thumbnail': ('Thumbnail300KURL', 'OriginalURL'),
    'bucket': ('Subset',),
}

MALFORMED = 'malformed row'
NO_ADDRESS = 'no http address'


@dataclass(frozen=True)
class Source:
    """Where pictures come from and what they are called.

    Attributes:
        kind: a key of :data:`SOURCES`: the photographer's file, a picture of some 640 x 480
            pixels (the original where the list has none), or the public bucket.
        template: path template of the files, see :mod:`~mmnoisy.datasets.pictures.paths`.
        bucket_url: address of the bucket, or of a mirror of it.

    Raises:
        InputError: the template or the address cannot be used.
    """

    kind: str = 'original'
    template: str = '{id}.jpg'
    bucket_url: str = BUCKET_URL

    def __post_init__(self) -> None:
        check_template(self.template)
        if not _is_http(self.bucket_url):
            raise InputError(
                f'{self.bucket_url!r}: is no http address; give a bucket such as {BUCKET_URL}'
            )


@dataclass(frozen=True)
class Picture:
    """One row of an image list.

    Attributes:
        image_id: as the list has it.
        url: address of the picture, empty where the row is malformed.
        path: of its file, relative to the folder of the pictures; empty as ``url``.
        size: bytes of the file, where the list says so.
        md5: base64 of the MD5 of the file, where the list says so.
        fault: why the picture cannot be asked for, or empty.
    """

    image_id: str
    url: str = ''
    path: str = ''
    size: Optional[int] = None
    md5: Optional[str] = None
    fault: str = ''


def read_pictures(
    path: Path, source: Source, image_ids: Optional[Texts] = None
) -> Iterator[Picture]:
    """Streams the rows of an image list, V1 to V7: columns are found by name, one row at a time.

    As spreadsheets save it, the list is read too: with a byte order mark, semicolons or tabs.

    Args:
        path: the list, ``ImageID,Subset,OriginalURL,...``.
        source: where the pictures come from.
        image_ids: (N) texts, ascending; rows of other images are left out, malformed ones not.

    Raises:
        InputError: the list is missing, lacks a column, or is no CSV.
    """
    if not path.is_file():
        raise InputError(f'{path}: there is no such image list; check the path')
    with open(path, encoding='utf-8-sig', errors='replace', newline='') as file:
        mark = delimiter(file.readline())
        file.seek(0)
        rows = csv.DictReader(file, delimiter=mark)
        try:
            _check_columns(path, rows.fieldnames or [], source)
            for row in rows:
                picture = _picture(row, source)
                wanted = image_ids is None or image_ids.row(picture.image_id.lower()) >= 0
                if wanted or not picture.path:
                    yield picture
        except csv.Error as error:
            raise InputError(
                f'{path}: cannot be read as CSV in line {rows.line_num} ({error}); '
                'download it again'
            ) from error


def _check_columns(path: Path, columns: Sequence[str], source: Source) -> None:
    alternatives = [('ImageID',), SOURCES[source.kind]]
    if '{split}' in source.template:
        alternatives.append(('Subset',))
    for names in alternatives:
        if not {*names} & {*columns}:
            raise InputError(
                f'{path}: the header is {",".join(columns)!r}, without {" or ".join(names)}; '
                'give the images.csv of the release, or another --source or --template'
            )


def _picture(row: Dict[str, str], source: Source) -> Picture:
    image_id = row['ImageID'] or ''
    # DictReader puts None for what is missing, and under None what is too much.
    if None in row or None in row.values():
        return Picture(image_id, fault=MALFORMED)
    split, size = row.get('Subset', ''), row.get('OriginalSize', '')
    if not re.fullmatch('[0-9a-fA-F]{16}', image_id):
        return Picture(image_id, fault=MALFORMED)
    digits = image_id.lower()
    try:
        path = picture_path(source.template, digits, split)
        url = _url(row, source, digits, split)
        # The list knows size and MD5 of the originals only.
        is_original = source.kind != 'bucket' and url == row.get('OriginalURL')
        num_bytes = int(size) if size and is_original else None
    except ValueError:  # a malformed split or size
        return Picture(image_id, fault=MALFORMED)
    md5 = row.get('OriginalMD5') or None if is_original else None
    return Picture(image_id, url, path, num_bytes, md5, '' if _is_http(url) else NO_ADDRESS)


def _url(row: Dict[str, str], source: Source, image_id: str, split: str) -> str:
    if source.kind == 'bucket':
        return (
            f'{source.bucket_url.rstrip("/")}/{picture_path("{split}/{id}.jpg", image_id, split)}'
        )
    original = row.get('OriginalURL', '')
    return original if source.kind == 'original' else row.get('Thumbnail300KURL') or original


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:  # such as http://[
        return False
    return parts.scheme in ('http', 'https') and bool(parts.hostname)
