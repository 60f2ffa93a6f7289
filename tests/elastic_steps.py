"""A hook for runs on several nodes: it reports every step, and waits until enough nodes are there.

Lines of the pipe ``REPORTS`` are ``node pid processes step``, where ``NODE`` names the node.
"""

import os
import select
import signal
import time

from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmpretrain.registry import HOOKS


@HOOKS.register_module()
class ReportAndWait(Hook):
    """Reports steps, and stays at one of them until the run has so many processes.

    Args:
        gates: the number of processes that a step needs; what ends the waiting is the signal of
            ``torchrun``, which starts the processes again when a node comes.
    """

    def __init__(self, gates):
        self.gates = {int(step): processes for step, processes in gates.items()}

    def before_train(self, runner):
        self.pipe = os.open(os.environ['REPORTS'], os.O_WRONLY)
        self.woken, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake)

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        processes = get_world_size()
        line = f'{os.environ["NODE"]} {os.getpid()} {processes} {runner.iter} {time.time()}\n'
        os.write(self.pipe, line.encode())
        if processes < self.gates.get(runner.iter, 0):
            select.select([self.woken], [], [])
