"""``torchrun`` that says in one sentence why processes did not start or did not end well.

python -m mmnoisy.engine.torchrun --nnodes 2 --node_rank 0 ... tools/train.py CONFIG
"""

from __future__ import annotations

import socket
import sys

from torch.distributed import DistNetworkError, DistStoreError
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.run import get_args_parser, run

from mmnoisy.engine.launch import user_errors
from mmnoisy.engine.nodes import NodeWatch, meet
from mmnoisy.errors import InputError

_USER_ERROR = 2


@user_errors
def main() -> None:
    """Runs the processes of this node.

    Raises:
        InputError: the port is taken, or a node does not come.
    """
    args = get_args_parser().parse_args()
    nodes = int(args.nnodes)
    if args.node_rank == 0:
        require_free(args.master_addr, args.master_port)
    watch = NodeWatch(args.node_rank, nodes, meet(args, nodes) if nodes > 1 else None)
    cause, code = '', 1
    try:
        run(args)
        code = 0
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        how = f'signal {-failure.exitcode}' if failure.exitcode < 0 else f'{failure.exitcode}'
        cause = (
            f'rank {rank} on {socket.gethostname()} ended first, with exit code {how}; the cause '
            'is in its output above, and the other processes were ended'
        )
        code = _USER_ERROR if failure.exitcode == _USER_ERROR else 1
    except SignalException as error:
        if not watch.trouble:  # whose signal it is then
            cause = f'{socket.gethostname()} was told to stop, by signal {error.sigval}'
    except (DistNetworkError, DistStoreError) as error:
        reason = str(error).splitlines()[0]
        cause = f'{args.master_addr}:{args.master_port}: the nodes lost one another ({reason})'
    trouble = watch.close(cause)
    for sentence in filter(None, (cause, trouble)):
        print(f'torchrun.py: error: {sentence}', file=sys.stderr)
    sys.exit(code)


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


if __name__ == '__main__':
    main()
