"""Label statistics of a data set: the paper's Table 1 and Figure 4."""

from mmnoisy.cli.main import main

if __name__ == '__main__':
    main('dataset_stats')
