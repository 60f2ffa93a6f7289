"""Cleans the labels of a data set with a trained model, and writes them as a data set again."""

from mmnoisy.cli.main import main

if __name__ == '__main__':
    main('clean_labels')
