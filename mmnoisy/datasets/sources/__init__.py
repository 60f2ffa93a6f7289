"""Labels in anybody's format: each format is a :class:`Source` in a file of its own.

The order of the imports is that in which the formats are asked whether a file is theirs.
"""

from mmnoisy.datasets.sources import (
    coco,
    cvat,
    fiftyone,
    hugging_face,
    label_studio,
    label_studio_min,
    mmpretrain,
    picture_folders,
)

__all__ = [
    'coco',
    'cvat',
    'fiftyone',
    'hugging_face',
    'label_studio',
    'label_studio_min',
    'mmpretrain',
    'picture_folders',
]
