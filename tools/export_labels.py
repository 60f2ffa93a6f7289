"""Writes the labels of an index for FiftyOne, cleanlab, COCO's readers or as Parquet."""

from mmnoisy.cli.main import main

if __name__ == '__main__':
    main('export_labels')
