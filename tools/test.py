"""Evaluates a checkpoint with the metrics of a config."""

from mmnoisy.cli.main import main

if __name__ == '__main__':
    main('test')
