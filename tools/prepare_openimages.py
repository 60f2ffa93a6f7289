"""Turns the label files of an Open Images release, V1 to V7, into label indexes."""

from mmnoisy.cli.main import main

if __name__ == '__main__':
    main('prepare_openimages')
