"""Opens files of labels, here or at any address that fsspec knows; looks what text they hold."""

from __future__ import annotations

import bz2
import codecs
import gzip
import json
import lzma
import os
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, Callable, Dict, Iterator, Tuple

from mmnoisy.errors import InputError

if TYPE_CHECKING:
    from pyarrow import parquet

HEAD = 2**20
"""Bytes from the start of a file by which it is understood."""

_PACKED: Dict[bytes, Callable[[Any], Any]] = {
    b'\x1f\x8b': lambda file: gzip.GzipFile(fileobj=file),
    b'BZh': bz2.BZ2File,
    b'\xfd7zXZ': lzma.LZMAFile,
}
"""How packed files begin, and what unpacks them."""
_BINARY = (b'PK\x03\x04', b'\xd0\xcf\x11\xe0', b'PAR1', b'%PDF', b'\x28\xb5\x2f\xfd')
_BOM = codecs.BOM_UTF8.decode()
_MEND = 'save it as text in UTF-8 (in a spreadsheet "CSV UTF-8")'


@contextmanager
def open_file(path: str) -> Iterator[IO[bytes]]:
    """Opens a file to read; what is packed by gzip, bzip2 or xz, as its content says, is unpacked.

    Args:
        path: local, or an address that fsspec opens.

    Raises:
        InputError: it cannot be read, now or within the block.
    """
    try:
        with _open(path) as file:
            start = file.read(6)
        raw = _open(path)
    except (OSError, ImportError, ValueError) as error:
        why = getattr(error, 'strerror', None) or error
        raise InputError(f'{path}: cannot be read ({why}); check the path') from error
    unpack = next((_PACKED[mark] for mark in _PACKED if start.startswith(mark)), None)
    with raw:
        try:
            if unpack is None:
                yield raw
            else:
                with unpack(raw) as file:
                    yield file
        except (EOFError, OSError, zlib.error, lzma.LZMAError) as error:
            raise InputError(f'{path}: is damaged ({error}); copy it again') from error


@contextmanager
def open_parquet(path: str) -> Iterator[parquet.ParquetFile]:
    """Opens a Parquet file, here or at any address that fsspec knows.

    Raises:
        InputError: it is none, or damaged, as far as is read within the block.
    """
    from pyarrow import ArrowException, parquet

    with open_file(path) as stream:
        try:
            yield parquet.ParquetFile(stream)
        except ArrowException as error:
            raise InputError(
                f'{path}: is no whole Parquet file ({error}); write it anew'
            ) from error


def _open(path: str) -> IO[bytes]:
    if os.path.exists(path) or '://' not in path:
        return open(path, 'rb')
    import fsspec

    return fsspec.open(path, 'rb').open()


def read_head(path: str) -> Tuple[str, bool]:
    """The start of a file of text, without a byte order mark and without a character cut in two.

    Returns:
        The text, and whether it is all of the file.

    Raises:
        InputError: it cannot be read or is empty, is no text, or not in UTF-8.
    """
    with open_file(path) as file:
        head = file.read(HEAD)
    if not head.strip():
        raise InputError(f'{path}: is empty; give a file with a line for each image or label')
    whole = len(head) < HEAD
    return decode(head, path, whole), whole


def decode(data: bytes, path: str, whole: bool = True) -> str:
    """UTF-8 as text, without a byte order mark.

    Args:
        data: of a file.
        path: of the file, to name it.
        whole: False where the data may end within a character.

    Raises:
        InputError: it is no text, or in another encoding.
    """
    encoding = json.detect_encoding(data[:4])  # by a mark or by zeros, as of any text
    if not encoding.startswith('utf-8'):
        raise InputError(f'{path}: is in {encoding[:6].upper()}; {_MEND}')
    if data.startswith(_BINARY):
        raise InputError(
            f'{path}: is no text but a workbook, an archive or another binary file; {_MEND}'
        )
    try:
        text = codecs.getincrementaldecoder('utf-8')().decode(data, whole)
    except UnicodeDecodeError as error:
        raise not_utf8(path, data[error.start : error.start + 1]) from error
    return text[1:] if text.startswith(_BOM) else text


def not_utf8(path: str, byte: bytes = b'') -> InputError:
    """What to say of a file in another encoding."""
    found = f' (byte {byte.hex()})' if byte else ''
    return InputError(
        f'{path}: is not in UTF-8{found} but in some other encoding, such as latin-1; {_MEND}, '
        'or convert it with iconv -f LATIN1 -t UTF-8'
    )
