import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.errors import InputError
from mmnoisy.wording import counted

NAMES = st.text(st.characters(exclude_categories=['Cs']), max_size=4)


@given(
    st.lists(NAMES, min_size=1, max_size=6, unique=True),
    st.lists(NAMES, min_size=1, max_size=5, unique=True),
    st.data(),
)
def test_there_and_back(images, classes, data):
    shape = len(images), len(classes)
    confidence = data.draw(
        hnp.arrays(np.float32, shape, elements=st.sampled_from([-1, 0, 0.75, 1]))
    )
    verdict = data.draw(hnp.arrays(np.int8, shape, elements=st.integers(-1, 1)))
    rows = [
        (images[i], classes[k], confidence[i, k], verdict[i, k])
        for i, k in zip(*np.nonzero((confidence >= 0) | (verdict != 0)))
    ]
    frame = pd.DataFrame(rows, columns=['image', 'label', 'confidence', 'verdict'])
    frame['confidence'] = frame['confidence'].astype('float32').where(lambda c: c >= 0)
    frame['verdict'] = frame['verdict'].map({1: True, -1: False, 0: None}).astype('boolean')
    frame['image'] = pd.Categorical(frame['image'], images)
    frame['label'] = pd.Categorical(frame['label'], classes)
    index = LabelIndex.from_pandas(frame)
    assert index.image_ids.tolist() == sorted(images) and index.classes == classes
    order = [index.image_ids.row(name) for name in images]
    noisy, verdicts = (matrix.toarray()[order] for matrix in index.to_scipy())
    np.testing.assert_array_equal(noisy, np.maximum(confidence, 0))
    np.testing.assert_array_equal(verdicts, verdict)

    def listed(frame):
        text = frame.astype({'image': str, 'label': str}).astype(object)
        return sorted(text.where(text.notna(), None).itertuples(index=False, name=None), key=str)

    assert listed(index.to_pandas()) == listed(frame)
    again = LabelIndex.from_pandas(index.to_pandas())
    assert listed(again.to_pandas()) == listed(frame) and again.image_ids == index.image_ids
    labels = int((confidence >= 0).sum())
    numbers = [(len(images), 'image'), (len(classes), 'class'), (labels, 'noisy label')]
    assert ', '.join(counted(*number) for number in numbers) in repr(index)


@pytest.mark.parametrize(
    ('columns', 'sentence'),
    [
        (dict(image=['a'], label=['b']), 'has the columns image, label; give'),
        (dict(image=['a'], verdict=[True]), 'has the columns image, verdict; give'),
        (dict(image=['a'], label=['b'], confidence=[1.5]), 'the confidence 1.5 is not in'),
        (dict(image=['a', 'a'], label=['b', 'b'], confidence=[1, 1]), 'the same label twice'),
        (dict(image=['a', None], label=['b', 'b'], confidence=[1, 1]), 'image is missing in a row'),
    ],
)
def test_refusals(columns, sentence):
    with pytest.raises(InputError, match=sentence):
        LabelIndex.from_pandas(pd.DataFrame(columns))
