"""Runs the backbone of a config over its pictures once, so that heads train on the features."""

from mmnoisy.cli.main import main

if __name__ == '__main__':
    main('extract_features')
