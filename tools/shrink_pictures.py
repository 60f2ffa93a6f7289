"""Writes pictures once at the size that training needs."""

from mmnoisy.cli.main import main

if __name__ == '__main__':
    main('shrink_pictures')
