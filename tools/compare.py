"""Compares every system of the paper's Table 2 on features that were computed once."""

from mmnoisy.cli.main import main

if __name__ == '__main__':
    main('compare')
