"""``torchrun`` that says in one sentence why processes did not start or did not end well.

python -m mmnoisy.cli.torchrun --nnodes 2 --node_rank 0 ... tools/train.py CONFIG
"""

from __future__ import annotations

import socket
import sys
from typing import Tuple

from torch.distributed import DistNetworkError, DistStoreError
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.run import get_args_parser, run

from mmnoisy.engine.distributed.nodes import NodeWatch, meet, seconds
from mmnoisy.errors import USER_ERROR, InputError


def main() -> None:
    """Runs the processes of this node.

    Raises:
        InputError: the port is taken, a node does not come, or a time is none.
    """
    args = get_args_parser().parse_args()
    nodes = int(args.nnodes)
    if args.node_rank == 0:
        require_free(args.master_addr, args.master_port)
    wait, silence = seconds('NODE_TIMEOUT', 600), seconds('NODE_SILENCE', 30)
    store = meet(args, nodes, wait) if nodes > 1 else None
    watch = NodeWatch(args.node_rank, nodes, store, silence)
    cause, code = '', 1
    try:
        run(args)
        code = 0
    except ChildFailedError as error:
        cause, code = first_failure(error)
    except SignalException as error:
        if not watch.trouble:  # whose signal it is then
            cause = f'{socket.gethostname()} was told to stop, by {error.sigval.name}'
    except (DistNetworkError, DistStoreError) as error:
        reason = str(error).splitlines()[0]
        cause = f'{args.master_addr}:{args.master_port}: the nodes lost one another ({reason})'
    trouble = watch.close(cause)
    if trouble or cause:
        sentence = '; here '.join(filter(None, (trouble, cause)))
        print(f'torchrun.py: error: {sentence}', file=sys.stderr)
    sys.exit(1 if trouble and not code else code)


def first_failure(error: ChildFailedError) -> Tuple[str, int]:
    """Which process of this node ended first and how, and the exit code for it."""
    rank, failure = error.get_first_failure()
    code = failure.exitcode
    how = f'killed by signal {-code}' if code < 0 else f'with exit code {code}'
    cause = (
        f'rank {rank} on {socket.gethostname()} ended first, {how}; the cause is in its output '
        'above, and the other processes were ended'
    )
    return cause, USER_ERROR if code == USER_ERROR else 1


def require_free(address: str, port: int) -> None:
    """Looks whether this node can listen on a port.

    Raises:
        InputError: it cannot.
    """
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(('', port))
    except OSError as error:
        raise InputError(
            f'PORT={port}: cannot be used on {address} ({error.strerror}); give another one, the '
            'same on every node'
        ) from error
