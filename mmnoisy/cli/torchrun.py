"""``python -m mmnoisy.cli.torchrun``: see :mod:`mmnoisy.engine.distributed.torchrun`."""

from mmnoisy.cli.boundary import user_errors
from mmnoisy.engine.distributed.torchrun import main

if __name__ == '__main__':
    with user_errors('torchrun.py'):
        main()
