"""``python -m mmnoisy`` is ``mmnoisy``."""

from mmnoisy.cli.main import main

main()
