"""Opens the files of a release as they were downloaded: plain, gzip or within a tar archive."""

from __future__ import annotations

import gzip
import tarfile
import zlib
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, Any, Dict, Iterator, NamedTuple, Tuple, cast

from tqdm.utils import CallbackIOWrapper

from mmnoisy.errors import InputError
from mmnoisy.io.progress import progress

BLOCK_BYTES = 2**23

_BOM = b'\xef\xbb\xbf'


class ReleaseFile(NamedTuple):
    """A file on disk, or one member of a ``.tar.gz`` archive, written ``ARCHIVE::MEMBER``."""

    path: Path
    member: str = ''

    def __str__(self) -> str:
        return f'{self.path}::{self.member}' if self.member else str(self.path)

    @classmethod
    def parse(cls, text: str) -> ReleaseFile:
        """The inverse of ``str``."""
        path, _, member = text.partition('::')
        return cls(Path(path), member)


def read_text(file: ReleaseFile) -> str:
    """A whole file, UTF-8; bytes that are none become U+FFFD.

    Raises:
        InputError: as :func:`line_blocks`.
    """
    with line_blocks(file) as (first, rest):
        text = b''.join([first, b'\n', *rest])
    return text.decode('utf-8', 'replace')


@contextmanager
def line_blocks(file: ReleaseFile, together: int = 0) -> Iterator[Tuple[bytes, Iterator[bytes]]]:
    """Opens a text file for reading in large pieces, with a progress bar on a terminal.

    Args:
        file: the file.
        together: neighbouring lines that agree in so many characters stay in one piece.

    Yields:
        The first line without its line end or byte order mark, and an iterator over the rest in
        pieces of whole lines, some ``BLOCK_BYTES`` long; lines end in a line feed.

    Raises:
        InputError: the file or member is missing or damaged, or has a line longer than a piece.
    """
    if not file.path.is_file():
        raise InputError(f'{file.path}: there is no such file; check the path')
    total = file.path.stat().st_size
    shown: Dict[str, Any] = dict(unit_scale=True, leave=False)
    try:
        with (
            open(file.path, 'rb') as raw,
            progress(f'reading {file.path.name}', None, total, 'B', **shown) as bar,
            _decompress(file, CallbackIOWrapper(bar.update, raw, 'read')) as stream,
        ):
            head = _one_line_end(stream.readline(BLOCK_BYTES).removeprefix(_BOM))
            first, _, rest = head.partition(b'\n')
            yield (
                first,
                chain([rest] if rest else [], map(_one_line_end, _blocks(file, stream, together))),
            )
    except (EOFError, zlib.error, gzip.BadGzipFile, tarfile.TarError) as error:
        raise InputError(f'{file}: is damaged ({error}); download it again') from error


@contextmanager
def _decompress(file: ReleaseFile, raw: IO[bytes]) -> Iterator[IO[bytes]]:
    if file.member:
        with tarfile.open(fileobj=raw, mode='r|*', bufsize=2**20) as archive:
            for entry in archive:
                if entry.isfile() and entry.name.removeprefix('./') == file.member:
                    member = archive.extractfile(entry)
                    assert member is not None
                    yield member
                    return
        raise InputError(f'{file.path}: has no member {file.member!r}; give the right archive')
    if file.path.suffix == '.gz':
        with gzip.open(raw) as text:
            yield cast(IO[bytes], text)
    else:
        yield raw


def _one_line_end(text: bytes) -> bytes:
    return text.replace(b'\r\n', b'\n').replace(b'\r', b'\n') if b'\r' in text else text


def _blocks(file: ReleaseFile, stream: IO[bytes], together: int) -> Iterator[bytes]:
    def line() -> bytes:
        text = stream.readline(BLOCK_BYTES)
        if len(text) == BLOCK_BYTES:
            raise InputError(
                f'{file}: has a line of more than {BLOCK_BYTES:,} bytes, so it is no text of '
                'lines; give a CSV file'
            )
        return text

    rest = b''
    while block := stream.read(BLOCK_BYTES):
        parts = [rest, block, b'' if block.endswith(b'\n') else line()]
        rest = b''
        if together:
            last = block.rfind(b'\n', 0, -1) + 1
            start = block[last : last + together]
            while (rest := line()) and rest.startswith(start):
                parts.append(rest)
        yield b''.join(parts)
    if rest:
        yield rest
