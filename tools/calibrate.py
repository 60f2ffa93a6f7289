"""Chooses thresholds for each class and calibrates the scores of a checkpoint, on V."""

from mmnoisy.cli.main import main

if __name__ == '__main__':
    main('calibrate')
