"""A process that holds the lock of a folder, and has a child that outlives it for a while."""

import subprocess
import sys

HOLDS = """
import os, sys
from pathlib import Path
from mmnoisy.io.lock import lock
with lock(Path(sys.argv[1])):
    if os.fork() == 0:  # as a process that loads data, which outlives the run for a while
        sys.stdin.readline()
        os._exit(0)
    print('held', flush=True)
    sys.stdin.readline()
"""


def holder(folder):
    command = [sys.executable, '-c', HOLDS, str(folder)]
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process = subprocess.Popen(command, **pipes)
    assert process.stdout.readline() == 'held\n'
    return process
