"""Ranks the labels of a data set by what it is worth to ask a human about them."""

from mmnoisy.cli.main import main

if __name__ == '__main__':
    main('review_queue')
