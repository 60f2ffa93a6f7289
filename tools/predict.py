"""Labels for new pictures."""

from mmnoisy.cli.main import main

if __name__ == '__main__':
    main('predict')
