"""Says what this environment has, what it lacks and what in it is known to fail."""

from mmnoisy.cli.main import main

if __name__ == '__main__':
    main('doctor')
