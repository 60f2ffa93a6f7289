"""Fetches one picture by HTTP; under its final name it is whole and checked, or not there."""

from __future__ import annotations

import base64
import hashlib
import os
import posixpath
import re
import secrets
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Iterable
from urllib.parse import urljoin, urlsplit

from mmnoisy.datasets.pictures.list import NO_ADDRESS, Picture
from mmnoisy.errors import InputError

try:
    import requests
    import urllib3
    from urllib3 import Retry
    from urllib3.exceptions import HTTPError
except ImportError as error:
    raise InputError(f"{error.name}: not installed; run pip install 'mmnoisy[download]'") from error
if urllib3.__version__.startswith('1.'):  # which takes a part of a body for the whole
    raise InputError(f"urllib3 {urllib3.__version__}: too old; run pip install 'mmnoisy[download]'")

THERE, FETCHED, PLACEHOLDER, STOPPED = 'already there', 'fetched', 'placeholder', 'stopped'

MAX_BYTES = 100 * 2**20  # a server may send without end
CHUNK_BYTES = 2**16
MAX_REDIRECTS = 10
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 300.0  # seconds

_PLACEHOLDERS = ('photo_unavailable.png', 'photo_unavailable_l.png')
_PNG = b'\x89PNG\r\n\x1a\n'
_PICTURE = re.compile(rb'\xff\xd8\xff|GIF8[79]a|RIFF....WEBP|' + re.escape(_PNG), re.DOTALL)


class TransientError(Exception):
    """A failure that may be over soon.

    Attributes:
        reason: what failed, in a word or two.
        pause: seconds that the server asks to wait, or None.
    """

    def __init__(self, reason: str, pause: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.pause = pause


class _RedirectError(Exception):
    """The server names another address, which is the message."""


def _stop_at_redirects(reply: requests.Response, **_: Any) -> None:
    """Leaves redirects to us: requests reads their bodies into memory, however long they are."""
    if reply.is_redirect:
        reply.close()
        raise _RedirectError(reply.headers['Location'])


class _Local(threading.local):
    """A session for each thread, so that connections are kept but not shared."""

    def __init__(self) -> None:
        self.session = requests.Session()
        self.session.headers['Accept-Encoding'] = 'identity'
        self.session.hooks['response'].append(_stop_at_redirects)


@dataclass
class Fetcher:
    """Fetches pictures into a folder; may be called from several threads at once.

    Attributes:
        folder: of the pictures.
        retries: how often a transient failure is tried again, with pauses that double.
        timeout: seconds without an answer that count as failure.
        stop: ends all fetching soon once it is set.
    """

    folder: Path
    retries: int = 3
    timeout: float = 30.0
    stop: threading.Event = field(default_factory=threading.Event)
    _local: _Local = field(default_factory=_Local, repr=False)

    def __call__(self, picture: Picture) -> str:
        """Fetches one picture unless it is there.

        Returns:
            :data:`THERE`, :data:`FETCHED`, or why there is no picture.

        Raises:
            InputError: the folder cannot be written to, such as on a full disk.
        """
        if picture.fault:
            return picture.fault
        if _is_there(self.folder / picture.path, picture):
            return THERE
        reason = STOPPED
        for attempt in range(self.retries + 1):
            if self.stop.is_set():
                return STOPPED
            try:
                return self._fetch(picture)
            except TransientError as error:
                reason, pause = error.reason, error.pause
            if attempt < self.retries:
                pause = FIRST_PAUSE * 2**attempt if pause is None else pause
                self.stop.wait(min(pause, LONGEST_PAUSE))
        return reason

    def _fetch(self, picture: Picture) -> str:
        """Fetches one picture, once; raises :class:`TransientError` where it may come later."""
        try:
            return self._follow(picture)
        except InputError:
            raise
        except requests.Timeout as error:
            raise TransientError('timed out') from error
        except requests.exceptions.ChunkedEncodingError as error:
            raise TransientError('cut short') from error
        except requests.ConnectionError as error:
            raise TransientError('no connection') from error
        except (requests.RequestException, HTTPError, ValueError):
            return NO_ADDRESS  # such as a redirect to file:///etc/passwd

    def _follow(self, picture: Picture) -> str:
        url = picture.url
        for _ in range(MAX_REDIRECTS + 1):
            if posixpath.basename(urlsplit(url).path) in _PLACEHOLDERS:
                return PLACEHOLDER
            try:
                with self._local.session.get(url, stream=True, timeout=self.timeout) as reply:
                    return self._answer(reply, picture)
            except _RedirectError as redirect:
                url = urljoin(url, str(redirect))
        return 'redirected too often'

    def _answer(self, reply: requests.Response, picture: Picture) -> str:
        reason = f'HTTP {reply.status_code}'
        if is_transient(reason):
            raise TransientError(reason, _retry_after(reply))
        if reply.status_code != requests.codes.ok:
            return reason
        return self._store(reply.iter_content(CHUNK_BYTES), picture)

    def _store(self, chunks: Iterable[bytes], picture: Picture) -> str:
        target = self.folder / picture.path
        # Not mkstemp, whose files only their owner may read.
        temporary = target.with_name(f'.{target.name}.{secrets.token_hex(4)}.part')
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with open(temporary, 'xb+') as file:
                reason = self._receive(chunks, file, picture)
            if reason == FETCHED:
                os.replace(temporary, target)
            return reason
        except requests.RequestException:
            raise
        except OSError as error:
            raise InputError(
                f'{target}: cannot be written ({error.strerror}); '
                'make room or choose another folder, and run the same command again'
            ) from error
        finally:
            with suppress(OSError):  # mostly because it was moved
                temporary.unlink()

    def _receive(self, chunks: Iterable[bytes], file: BinaryIO, picture: Picture) -> str:
        size, md5 = 0, hashlib.md5(usedforsecurity=False)
        for chunk in chunks:
            if self.stop.is_set():
                return STOPPED
            size += len(chunk)
            if size > MAX_BYTES:
                return 'too large'
            md5.update(chunk)
            file.write(chunk)
        file.seek(0)
        head = file.read(16)
        if head.startswith(_PNG) and urlsplit(picture.url).path.lower().endswith(('.jpg', '.jpeg')):
            return PLACEHOLDER
        if not _PICTURE.match(head):
            return 'no picture'
        if picture.size not in (None, size):
            return 'wrong size'
        return FETCHED if picture.md5 in (None, _base64(md5.digest())) else 'wrong MD5'


def is_transient(reason: str) -> bool:
    """Whether a picture that failed so may come when it is asked for again."""
    return bool(re.fullmatch(r'HTTP (429|5\d\d)|timed out|cut short|no connection', reason))


def _is_there(path: Path, picture: Picture) -> bool:
    if not path.is_file():
        return False
    size = path.stat().st_size
    if picture.size is None and picture.md5 is not None:
        return (
            _base64(hashlib.md5(path.read_bytes(), usedforsecurity=False).digest()) == picture.md5
        )
    # What has its final name was checked; reading terabytes again would tell nothing new.
    return size > 0 and picture.size in (None, size)


def _retry_after(reply: requests.Response) -> float | None:
    try:
        return Retry().get_retry_after(reply.raw)
    except (HTTPError, ValueError, OverflowError):  # neither seconds nor a date
        return None


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
