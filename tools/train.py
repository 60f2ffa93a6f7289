"""Trains a model."""

from mmnoisy.cli.main import main

if __name__ == '__main__':
    main('train')
