"""Opens files of labels, here or at any address that fsspec knows; looks what text they hold."""

from __future__ import annotations

import codecs
import gzip
import os
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Iterator, Tuple

from mmnoisy.errors import InputError

if TYPE_CHECKING:
    from pyarrow import parquet

HEAD = 2**20
"""Bytes from the start of a file by which it is understood."""

_BOM = codecs.BOM_UTF8.decode()
_MEND = 'save it as text in UTF-8 (in a spreadsheet "CSV UTF-8")'


@contextmanager
def open_file(path: str) -> Iterator[IO[bytes]]:
    """Opens a file to read; what is packed, by its ending, is unpacked.

    Args:
        path: local, or an address that fsspec opens.

    Raises:
        InputError: it cannot be read, now or within the block.
    """
    try:
        file = _open(path)
    except (OSError, ImportError, ValueError) as error:
        why = getattr(error, 'strerror', None) or error
        raise InputError(f'{path}: cannot be read ({why}); check the path') from error
    with file:
        try:
            yield file
        except (EOFError, OSError, zlib.error) as error:
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
        return gzip.open(path, 'rb') if path.endswith('.gz') else open(path, 'rb')  # type: ignore
    import fsspec

    return fsspec.open(path, 'rb', compression='infer').open()


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
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) or _every_second_is_zero(data):
        raise InputError(f'{path}: is in UTF-16; {_MEND}')
    if data[:4] in (b'PK\x03\x04', b'\xd0\xcf\x11\xe0', b'PAR1', b'%PDF'):
        raise InputError(f'{path}: is no text but a workbook or another binary file; {_MEND}')
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


def _every_second_is_zero(data: bytes) -> bool:
    start = data[:64]
    return len(start) > 3 and not (any(start[1::2]) and any(start[::2]))
