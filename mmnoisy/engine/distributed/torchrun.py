"""``torchrun`` with the settings of our scripts, and a sentence where processes do not end well.

python -m mmnoisy.cli.torchrun N tools/train.py CONFIG --launcher pytorch

starts N processes on this node. The environment says how many nodes there are, see
``docs/scaling.md``; they meet by the c10d rendezvous of ``torchrun``.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
import time
from contextlib import suppress
from datetime import timedelta
from typing import Any, List, Optional, Tuple

from torch.distributed import DistError, DistStoreError
from torch.distributed.elastic.agent.server.api import RunResult, WorkerState
from torch.distributed.elastic.agent.server.local_elastic_agent import LocalElasticAgent
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.elastic.rendezvous import (
    RendezvousClosedError,
    RendezvousConnectionError,
    RendezvousError,
    RendezvousTimeoutError,
)
from torch.distributed.launcher import api as launcher
from torch.distributed.run import get_args_parser, run

from mmnoisy.engine.stop_signals import NUMBERS
from mmnoisy.errors import GO_ON, USER_ERROR, InputError

_CALM = 600  # seconds after which earlier restarts are forgiven
_ELASTIC_RESTARTS = 5
_FINISHED = 'finished'  # in the store of all nodes


class NodeAgent(LocalElasticAgent):
    """The agent of ``torchrun`` on a node, which knows what our exit codes mean.

    A node that shows no sign of life is lost, whatever its processes and ours wait for. Where the
    input is wrong no restart helps; where processes were told to stop, nothing has failed.
    """

    running = starting = False
    store: Any = None  # of all nodes
    told: Optional[int] = None  # the signal that came while processes were started

    def _rendezvous(self, worker_group: Any) -> None:
        NodeAgent.store = worker_group.spec.rdzv_handler._store
        NodeAgent.store.set_timeout(timedelta(seconds=whole_number('NODE_SILENCE', 30)))
        try:
            super()._rendezvous(worker_group)
        except DistStoreError:  # the first node was lost before it had said where its store is
            super()._rendezvous(worker_group)

    def _start_workers(self, worker_group: Any) -> Any:
        NodeAgent.running, self._started = True, time.monotonic()
        NodeAgent.starting = True
        try:
            return super()._start_workers(worker_group)
        finally:
            NodeAgent.starting = False
            if NodeAgent.told is not None:
                _end(NodeAgent.told, None)

    def _monitor_workers(self, worker_group: Any) -> RunResult:
        result = super()._monitor_workers(worker_group)
        spec, how = worker_group.spec, ''
        codes = {failure.exitcode for failure in result.failures.values()}
        if result.state is WorkerState.HEALTHY:
            there = spec.rdzv_handler._state_holder.state.participants
            if time.monotonic() - self._started > _CALM:
                self._remaining_restarts = spec.max_restarts
            if len(there) < worker_group.group_world_size:
                how = 'another node was lost, or starts its processes again'
                if not spec.max_restarts:
                    raise RendezvousError(how)
                self._shutdown(signal.SIGKILL)  # what they wait for may never come
                result = RunResult(WorkerState.UNHEALTHY)
                self._remaining_restarts += 1
        elif result.state is WorkerState.SUCCEEDED:
            NodeAgent.store.set(_FINISHED, '')
        elif USER_ERROR in codes:
            self._remaining_restarts = 0
        elif codes == {GO_ON} and spec.max_restarts:
            how = 'the processes have saved, since nodes come or go'
            self._remaining_restarts += 1
        elif codes:
            how = first_failure(ChildFailedError('', result.failures))
        if how and self._remaining_restarts:
            print(f'torchrun.py: {how}; the run goes on from its last checkpoint', file=sys.stderr)
        return result


def main() -> None:
    """Runs the processes of this node.

    Raises:
        InputError: a setting of the environment is wrong, or the nodes do not meet.
    """
    args = get_args_parser().parse_args([*options(sys.argv[1]), *sys.argv[2:]])
    os.environ['TORCH_ELASTIC_WORKER_IDENTICAL'] = '1'  # every node has as many processes
    if args.max_restarts:
        # The first node may be another one after a restart, and its store another one.
        os.environ['TORCH_DISABLE_SHARE_RDZV_TCP_STORE'] = '1'
    launcher.LocalElasticAgent = NodeAgent  # type: ignore[misc]
    for number in NUMBERS:
        signal.signal(number, _end)
    try:
        run(args)
        return
    except ChildFailedError as error:
        sentence, code = first_failure(error), error.get_first_failure()[1].exitcode
        code = code if code in (USER_ERROR, GO_ON) else 1
    except SignalException as error:
        sentence = f'{socket.gethostname()} was told to stop, by {error.sigval.name}'
        code = 1 if error.sigval is signal.SIGINT else GO_ON
    except RendezvousError as error:
        sentence, code = _why_apart(error, args.nnodes)
    print(f'torchrun.py: {"error: " if code else ""}{sentence}', file=sys.stderr, flush=True)
    sys.stdout.flush()
    # The workers have ended; threads of the rendezvous may wait for a store that is gone.
    os._exit(code)


def options(processes: str) -> List[str]:
    """The options of ``torchrun`` that the environment asks for.

    Args:
        processes: on this node.

    Raises:
        InputError: a setting is wrong.
    """
    nodes = os.environ.get('NNODES', '1')
    if not re.fullmatch(r'[1-9]\d*(:[1-9]\d*)?', nodes):
        raise InputError(
            f'NNODES={nodes}: give a number of nodes, or the least and the most as 2:4'
        )
    restarts = whole_number('MAX_RESTARTS', _ELASTIC_RESTARTS if ':' in nodes else 0, least=0)
    found = [f'--nproc-per-node={processes}', f'--nnodes={nodes}', f'--max-restarts={restarts}']
    if nodes == '1':
        return [*found, '--standalone', '--local-addr=127.0.0.1']
    address = os.environ.get('MASTER_ADDR', '127.0.0.1')
    port = whole_number('PORT', 29500)
    wait, silence = whole_number('NODE_TIMEOUT', 600), whole_number('NODE_SILENCE', 30)
    third = max(silence // 3, 1)
    times = dict(join_timeout=wait, read_timeout=wait, last_call_timeout=third)
    times.update(keep_alive_interval=third, keep_alive_max_attempt=3)
    return [
        *(*found, '--rdzv-backend=c10d', f'--rdzv-endpoint={address}:{port}', '--rdzv-id=mmnoisy'),
        f'--rdzv-conf={",".join(f"{name}={value}" for name, value in times.items())}',
        f'--local-addr={os.environ.get("NODE_ADDR") or own_address(address, port)}',
    ]


def whole_number(name: str, default: int, least: int = 1) -> int:
    """A whole number that the environment variable ``name`` may give.

    Raises:
        InputError: it is none, or too small.
    """
    text = os.environ.get(name, str(default))
    if not text.isdecimal() or int(text) < least:
        raise InputError(f'{name}={text}: give a whole number from {least} up')
    return int(text)


def own_address(other: str, port: int) -> str:
    """The address under which another node knows this one; nothing is sent.

    Raises:
        InputError: the name of the other node is not known.
    """
    try:
        family, kind, _, _, where = socket.getaddrinfo(other, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind) as probe:
            probe.connect(where)
            return probe.getsockname()[0]
    except OSError as error:
        raise InputError(
            f'MASTER_ADDR={other}: cannot be reached ({error.strerror}); give the address of the '
            'node where the others meet'
        ) from error


def first_failure(error: ChildFailedError) -> str:
    """Which process of this node ended first, and how."""
    rank, failure = error.get_first_failure()
    code = failure.exitcode
    how = f'killed by signal {-code}' if code < 0 else f'with exit code {code}'
    return (
        f'rank {rank} on {socket.gethostname()} ended first, {how}; the cause is in its output '
        'above, and the other processes were ended'
    )


def _why_apart(error: RendezvousError, nodes: str) -> Tuple[str, int]:
    """Why nodes are not together, and the exit code for it."""
    if isinstance(error, RendezvousClosedError):
        with suppress(DistError):
            if NodeAgent.store.check([_FINISHED]):
                return 'the other nodes have finished the run', 0
        return 'the run was ended by another node, which says why', 1
    where = f'{os.environ.get("MASTER_ADDR", "127.0.0.1")}, PORT={os.environ.get("PORT", 29500)}'
    if NodeAgent.running:
        if isinstance(error, RendezvousTimeoutError):
            return f'NNODES={nodes}: too few nodes are left; start them again to go on', GO_ON
        if isinstance(error, RendezvousConnectionError):
            return f'the node of MASTER_ADDR={where} was lost; start all of them to go on', GO_ON
        return f'{error}; start all of them again to go on', GO_ON
    wait = os.environ.get('NODE_TIMEOUT', 600)
    raise InputError(
        f'NNODES={nodes}: the nodes did not meet within {wait} s at MASTER_ADDR={where}; start the '
        'same command on each, with the address of one of them and a port that is open between them'
    ) from error


def _end(number: int, frame: Any) -> None:
    """As ``torchrun`` ends: it passes the signal on to its processes, and waits for them.

    While it starts them it does not know them yet, and they would be left behind.
    """
    if NodeAgent.starting:
        NodeAgent.told = number
        return
    raise SignalException(f'signal {number}', signal.Signals(number))
