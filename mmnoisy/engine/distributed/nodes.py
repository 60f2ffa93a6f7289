"""Several machines: whether all of them come, and whether one of them is lost on the way."""

from __future__ import annotations

import os
import signal
import time
from argparse import Namespace
from datetime import timedelta
from threading import Event, Thread
from typing import Optional

from torch.distributed import DistNetworkError, DistStoreError, PrefixStore, TCPStore

from mmnoisy.errors import InputError

_BEAT = 1.0  # seconds from one sign of life to the next


def seconds(name: str, default: int) -> int:
    """A time that the environment variable ``name`` may change.

    Raises:
        InputError: it is no positive whole number.
    """
    text = os.environ.get(name, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise InputError(f'{name}={text}: give a positive whole number of seconds')
    return int(text)


def meet(args: Namespace, nodes: int, wait: int) -> TCPStore:
    """Waits until all nodes are there.

    Args:
        args: of ``torchrun``, with the rank of this node, and address and port of node 0.
        nodes: number of nodes.
        wait: seconds for all of them to come.

    Returns:
        The store of node 0, which ``torchrun`` will share with its processes.

    Raises:
        InputError: one does not come in time.
    """
    first = args.node_rank == 0
    try:
        store = TCPStore(
            args.master_addr,
            args.master_port,
            nodes,
            is_master=first,
            timeout=timedelta(seconds=wait),
            wait_for_workers=True,
            multi_tenant=True,
        )
        store.set(f'node{args.node_rank}', 'here')
        store.wait([f'node{k}' for k in range(nodes)])
        return store
    except (DistNetworkError, DistStoreError) as error:
        missing = 'one of the other nodes' if first else f'node 0 at {args.master_addr}'
        raise InputError(
            f'NNODES={nodes}: {missing} did not come within {wait} s; start the same command on '
            f'every node, with NODE_RANK=0 to {nodes - 1}, MASTER_ADDR the address of node 0 '
            f'(here {args.master_addr}) and PORT={args.master_port} open between them'
        ) from error


class NodeWatch:
    """Looks whether the other nodes go on, and ends the processes of this one if not.

    ``torchrun`` itself learns of another node through the collective operations of its
    processes alone, which may wait for long. Here every node leaves signs of life, and what it
    ended with, in the store that node 0 keeps for the processes.

    Args:
        rank: of this node.
        nodes: number of nodes; with one there is nothing to watch.
        store: of node 0.
        silence: seconds until a node that shows no sign of life counts as lost.

    Attributes:
        trouble: what happened to another node; empty while all go on.
    """

    def __init__(self, rank: int, nodes: int, store: Optional[TCPStore], silence: int) -> None:
        self.rank = rank
        self.silence = silence
        self.others = [node for node in range(nodes) if node != rank]
        self.trouble = ''
        self._end = ''
        self._leaves = Event()
        self._thread = Thread(target=self._run, args=(store,), daemon=True)
        if self.others:
            self._thread.start()

    def close(self, cause: str) -> str:
        """Tells the others how this node ended, and waits until they have ended, too.

        Args:
            cause: of the end; empty for a good one.

        Returns:
            What happened to another node, if anything.
        """
        self._end = cause
        self._leaves.set()
        if self.others:
            self._thread.join(2 * self.silence)
        return self.trouble

    def _run(self, of_node_0: TCPStore) -> None:
        try:
            store = PrefixStore('watch', of_node_0)
            store.set_timeout(timedelta(seconds=self.silence))
            self._watch(store)
        except (DistNetworkError, DistStoreError):
            self._stop('node 0 was lost: its store does not answer')

    def _watch(self, store: PrefixStore) -> None:
        going, beats, now = {*self.others}, dict.fromkeys(self.others, 0), time.monotonic()
        heard = dict.fromkeys(self.others, now)
        ended, told = 0, False
        while going or not told:
            store.add(f'beat{self.rank}', 1)
            for node in sorted(going):
                beat, now = store.add(f'beat{node}', 0), time.monotonic()
                if beat != beats[node]:
                    beats[node], heard[node] = beat, now
                if store.check([f'end{node}']):
                    going.discard(node)
                    ended += 1
                    cause = store.get(f'end{node}').decode()
                    if cause:
                        self._stop(f'node {node} ended: {cause}')
                elif now - heard[node] > self.silence:
                    going.discard(node)
                    self._stop(f'node {node} was lost: no sign of life for {self.silence} s')
            if self._leaves.is_set() and not told:
                store.set(f'end{self.rank}', self._end)
                told = True
            time.sleep(_BEAT) if told else self._leaves.wait(_BEAT)
        store.add('left', 1)
        while self.rank == 0 and store.add('left', 0) <= ended:  # goes last: it keeps the store
            time.sleep(_BEAT)

    def _stop(self, trouble: str) -> None:
        """Ends the processes of this node, unless that is on its way."""
        if not self.trouble and not self._leaves.is_set():
            os.kill(os.getpid(), signal.SIGTERM)
        self.trouble = self.trouble or trouble
