"""Labels in anybody's format: each format is a :class:`Source` in a file of its own."""

# The order is that in which the formats are asked whether a file is theirs: CSV, which is the
# least particular, is the last.
from mmnoisy.datasets.sources import (  # isort: skip
    coco,
    cvat,
    fiftyone,
    mmpretrain,
    label_studio,
    label_studio_min,
    hugging_face,
    voc,
    picture_folders,
    parquet,
    json_lines,
    google,
    image_list,
    csv_table,
)

__all__ = [
    'coco',
    'csv_table',
    'cvat',
    'fiftyone',
    'google',
    'hugging_face',
    'image_list',
    'json_lines',
    'label_studio',
    'label_studio_min',
    'mmpretrain',
    'parquet',
    'picture_folders',
    'voc',
]
