"""Tables of labels to write and to compare."""

import json

import numpy as np

from mmnoisy.datasets.account import Account
from mmnoisy.datasets.sources.base import LabelTable, Options


def triples(table):
    """What a table says: of each image and class the value."""
    said = [
        (table.images[image], table.classes[label], float(value))
        for image, label, value in zip(table.image, table.label, table.value)
    ]
    assert len({*said}) == len(said)
    alone = len(table.images) - len({*table.image.tolist()})
    assert table.account.rows == len(said) + alone + sum(table.account.dropped.values())
    assert json.loads(json.dumps(table.layout)) == table.layout
    return {*said}


def table_of(images, classes, said, **layout):
    """A table of images, classes and ``(image, class, value)`` by places."""
    image, label, value = zip(*said) if said else ((), (), ())
    account = Account(rows=len(said) + len(images) - len({*image}))
    return LabelTable([*images], [*classes], image, label, np.float32(value), layout, account)


def read(source, path, kind='noisy', **options):
    """The table of a file."""
    return source().read(str(path), kind, Options(**options))
