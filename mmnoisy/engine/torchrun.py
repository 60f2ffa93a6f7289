"""``torchrun`` that says in one sentence why processes did not start or did not end well.

python -m mmnoisy.engine.torchrun --nnodes 2 --node_rank 0 ... tools/train.py CONFIG
"""

from __future__ import annotations

import os
import socket
import sys
from argparse import Namespace
from datetime import timedelta

from torch.distributed import DistNetworkError, DistStoreError, TCPStore
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.run import get_args_parser, run

from mmnoisy.engine.launch import user_errors
from mmnoisy.errors import InputError

WAIT = int(os.environ.get('NODE_TIMEOUT', '600'))  # seconds for all nodes to come
_USER_ERROR = 2


@user_errors
def main() -> None:
    """Runs the processes of this node.

    Raises:
        InputError: the port is taken, a node does not come, or a process failed.
    """
    args = get_args_parser().parse_args()
    nodes = int(args.nnodes)
    if args.node_rank == 0:
        require_free(args.master_addr, args.master_port)
    if nodes > 1:
        meet(args, nodes)
    try:
        run(args)
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        how = f'signal {-failure.exitcode}' if failure.exitcode < 0 else f'{failure.exitcode}'
        print(
            f'rank {rank} on {socket.gethostname()} ended first, with exit code {how}; the cause '
            'is in its output above, and the other processes were ended',
            file=sys.stderr,
        )
        sys.exit(_USER_ERROR if failure.exitcode == _USER_ERROR else 1)
    except (DistNetworkError, DistStoreError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f'{args.master_addr}:{args.master_port}: the nodes lost one another ({reason})'
        ) from error


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


def meet(args: Namespace, nodes: int) -> None:
    """Waits until all nodes are there.

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
            timeout=timedelta(seconds=WAIT),
            wait_for_workers=True,
        )
        store.set(f'node{args.node_rank}', 'here')
        if first:  # goes last, since it keeps the store
            store.wait([f'node{k}' for k in range(nodes)])
            store.set('all', 'here')
            store.wait([f'left{k}' for k in range(1, nodes)])
        else:
            store.wait(['all'])
            store.set(f'left{args.node_rank}', 'here')
    except (DistNetworkError, DistStoreError) as error:
        missing = 'one of the other nodes' if first else f'node 0 at {args.master_addr}'
        raise InputError(
            f'NNODES={nodes}: {missing} did not come within {WAIT} s; start the same command on '
            f'every node, with NODE_RANK=0 to {nodes - 1}, MASTER_ADDR the address of node 0 '
            f'(here {args.master_addr}) and PORT={args.master_port} open between them'
        ) from error


if __name__ == '__main__':
    main()
