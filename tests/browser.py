"""Drives a headless Chromium through its debugging pipe, with nothing but the standard library."""

import contextlib
import fcntl
import json
import os
import select
import shutil

import pytest

NAMES = ('chromium', 'chromium-browser', 'google-chrome')
PATIENCE = 60


@contextlib.contextmanager
def open_page(path, profile, width=1280, height=900):
    """Opens a file in a new browser, which is closed at the end of the block.

    Skips the test where no browser is installed.

    Args:
        path: of the page.
        profile: an empty folder for the browser.
        width: of the window in pixels.
        height: of the window in pixels.
    """
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f'no browser is installed ({", ".join(NAMES)})')
    page = Page(program, profile)
    try:
        page.open(path, width, height)
        yield page
    finally:
        page.close()


class Page:
    """One page; ``events`` keeps what the browser reported, such as errors and requests."""

    def __init__(self, program, profile):
        self.events = []
        self._buffer, self._number, self._session = b'', 0, None
        read_commands, self._commands = os.pipe()
        self._answers, write_answers = os.pipe()
        # The browser reads from 3 and writes to 4; high numbers keep the two apart.
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 20) for fd in (read_commands, write_answers)]
        silent = os.open(os.devnull, os.O_WRONLY)
        options = ('--headless', '--no-sandbox', '--disable-gpu', '--remote-debugging-pipe')
        self._pid = os.posix_spawn(
            program,
            [program, *options, f'--user-data-dir={profile}', 'about:blank'],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, high[0], 3),
                (os.POSIX_SPAWN_DUP2, high[1], 4),
                (os.POSIX_SPAWN_DUP2, silent, 2),
            ],
        )
        for fd in (*high, read_commands, write_answers, silent):
            os.close(fd)

    def open(self, path, width, height):
        target = self.call('Target.createTarget', url='about:blank')['targetId']
        answer = self.call('Target.attachToTarget', targetId=target, flatten=True)
        self._session = answer['sessionId']
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            self.call(f'{domain}.enable')
        self.resize(width, height)
        self.load(path)

    def load(self, path):
        """Opens another file, or the same one anew."""
        self.events.clear()
        self.call('Page.navigate', url=path.as_uri())
        self._wait(lambda message: message.get('method') == 'Page.loadEventFired')

    def call(self, method, **params):
        """Sends a command of the DevTools protocol; returns its result."""
        self._number += 1
        number = self._number
        message = {'id': number, 'method': method, 'params': params}
        if self._session:
            message['sessionId'] = self._session
        os.write(self._commands, json.dumps(message).encode() + b'\0')
        answer = self._wait(lambda message: message.get('id') == number)
        assert 'error' not in answer, answer
        return answer['result']

    def run(self, expression):
        """The value of a JavaScript expression."""
        answer = self.call('Runtime.evaluate', expression=expression, returnByValue=True)
        assert 'exceptionDetails' not in answer, answer
        return answer['result'].get('value')

    def wait_for(self, promise):
        """Waits until a promise, a JavaScript expression, is kept."""
        answer = self.call('Runtime.evaluate', expression=promise, awaitPromise=True)
        assert 'exceptionDetails' not in answer, answer

    def press(self, key, code, text=''):
        """Presses a key, as a person does."""
        key = dict(key=key, code=key, windowsVirtualKeyCode=code)
        self.call('Input.dispatchKeyEvent', type='keyDown', text=text, **key)
        self.call('Input.dispatchKeyEvent', type='keyUp', **key)

    def resize(self, width, height):
        """Sets the size of the window."""
        size = dict(width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call('Emulation.setDeviceMetricsOverride', **size)

    def problems(self):
        """Errors and warnings of the page so far, and what it asked the network for."""
        requests = (
            event['params']['request']['url']
            for event in self.events
            if event['method'] == 'Network.requestWillBeSent'
        )
        kinds = ('Runtime.exceptionThrown', 'Runtime.consoleAPICalled', 'Log.entryAdded')
        return [
            *(event for event in self.events if event['method'] in kinds),
            *(url for url in requests if not url.startswith(('file:', 'data:'))),
        ]

    def close(self):
        self._session = None
        with contextlib.suppress(OSError):
            self.call('Browser.close')
        os.close(self._commands)
        os.close(self._answers)
        os.waitpid(self._pid, 0)

    def _wait(self, wanted):
        while True:
            while b'\0' not in self._buffer:
                ready, _, _ = select.select([self._answers], [], [], PATIENCE)
                data = os.read(self._answers, 2**20) if ready else b''
                if not data:
                    raise OSError('the browser does not answer')
                self._buffer += data
            line, self._buffer = self._buffer.split(b'\0', 1)
            message = json.loads(line)
            if 'method' in message:
                self.events.append(message)
            if wanted(message):
                return message
