"""A page to look at cleaned labels: pictures, labels before and after, verdicts where known."""

from mmnoisy.cli.main import main

if __name__ == '__main__':
    main('view_labels')
