"""Tables of labels for tests."""

import numpy as np
from hypothesis import strategies as st

from mmnoisy.datasets.sources.base import LabelTable, Options, find_source

# Whatever a file system and a tagging service may come up with.
names = st.one_of(
    st.text(min_size=1, max_size=8),
    st.text(alphabet=',;|\t\n\r "\'[]=+-@\\\ufeff01a.', min_size=1, max_size=6),
    st.sampled_from(
        ['a.jpg', 'b c.jpg', 'd/é,f.tar.png', 'label', 'image', 'score', '1', '007', '[1]', '["a"]']
    ),
)


@st.composite
def tables(draw, kind, **layout):
    """A table of labels, in a layout."""
    images = draw(st.lists(names, min_size=1, max_size=6, unique=True))
    classes = draw(st.lists(names, min_size=1, max_size=5, unique=True))
    cells = [(i, c) for i in range(len(images)) for c in range(len(classes))]
    given_cells = draw(st.lists(st.sampled_from(cells), max_size=12, unique=True))
    if kind == 'noisy':
        values = st.floats(0, 1, width=32, exclude_min=True)
    else:
        values = st.sampled_from([0, 1])
    values = draw(st.lists(values, min_size=len(given_cells), max_size=len(given_cells)))
    if draw(st.booleans()):
        values = [1] * len(values)
    image, label = zip(*given_cells) if given_cells else ((), ())
    return LabelTable(images, classes, image, label, values, dict(format='csv', **layout))


def triples(table):
    """Labels as texts, and which images there are."""
    labels = {
        (table.images[i], table.classes[c]): np.float32(v)
        for i, c, v in zip(table.image, table.label, table.value)
    }
    assert len(labels) == len(table.label)
    return labels, sorted(table.images)


def read(path, kind='noisy', **options):
    given = Options(**options)
    return find_source(str(path), given).read(str(path), kind, given)


def read_text(folder, text, kind='noisy', name='labels.csv', **options):
    """What a file with this content says."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(path, kind, **options)


def said(table):
    """Labels in the order in which they are given."""
    return [
        (table.images[i], table.classes[c], round(float(v), 6))
        for i, c, v in zip(table.image, table.label, table.value)
    ]
