"""Chooses a method for a project on its verified images, trains it and says how good it is."""

from mmnoisy.cli.main import main

if __name__ == '__main__':
    main('run')
