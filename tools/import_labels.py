"""Makes a project of own pictures and own files of labels."""

from mmnoisy.cli.main import main

if __name__ == '__main__':
    main('import_labels')
