"""``python -m mmnoisy.cli.torchrun``: see :mod:`mmnoisy.engine.torchrun`."""

from mmnoisy.cli.boundary import user_errors
from mmnoisy.engine.torchrun import main

if __name__ == '__main__':
    with user_errors('torchrun.py'):
        main()
