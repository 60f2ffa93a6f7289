"""What ``tools/benchmark.py`` measures, one module for each benchmark.

A module has ``add_arguments(parser)`` and ``run(args)``, which returns the result as a dict.
"""
