"""A server of pictures on the loopback address that behaves as badly as it is told to."""

import base64
import hashlib
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

JPEG = b'\xff\xd8\xff\xe0 the rest of a picture'
PNG = b'\x89PNG\r\n\x1a\n the rest of a picture'


class PictureServer(ThreadingHTTPServer):
    """Serves ``replies[path]``, a list of which the last one is repeated.

    A reply is bytes, the code of an error, or ``(code, headers, bytes)``. ``requests`` counts
    what was asked for.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(('127.0.0.1', 0), _Handler)
        self.url = f'http://127.0.0.1:{self.server_port}'
        self.replies = {}
        self.requests = Counter()
        self.lock = threading.Lock()

    def handle_error(self, request, client_address):
        """Clients may leave in the middle of a picture."""

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        with self.server.lock:
            replies = self.server.replies.get(self.path, [404])
            reply = replies[min(self.server.requests[self.path], len(replies) - 1)]
            self.server.requests[self.path] += 1
        if callable(reply):
            reply = reply()
        code, headers, body = (
            reply
            if isinstance(reply, tuple)
            else (reply, {}, b'')
            if isinstance(reply, int)
            else (200, {}, reply)
        )
        self.send_response(code)
        for name, value in {'Content-Length': len(body), **headers}.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        for piece in [body] if isinstance(body, bytes) else body:
            self.wfile.write(piece)

    def log_message(self, *_):
        pass


def endless(first=JPEG, piece=bytes(2**16)):
    """A reply without end."""

    class Body:
        def __len__(self):
            return 0

        def __iter__(self):
            yield first
            for _ in count():
                yield piece

    return 200, {'Content-Length': None}, Body()


def md5(content):
    return base64.b64encode(hashlib.md5(content).digest()).decode()
