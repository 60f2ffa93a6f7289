"""Labels in anybody's format: each format is a :class:`Source` in a file of its own.

The first that recognises a file reads it: CSV, which is the least particular, is the last.
"""

from mmnoisy.datasets.sources import parquet  # noqa: F401 isort: skip
from mmnoisy.datasets.sources import json_lines  # noqa: F401 isort: skip
from mmnoisy.datasets.sources import google  # noqa: F401 isort: skip
from mmnoisy.datasets.sources import csv_table  # noqa: F401 isort: skip
