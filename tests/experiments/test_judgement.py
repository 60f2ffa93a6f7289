"""What a run says of its sets, on cases worked by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from mmnoisy.datasets.csr import Csr
from mmnoisy.experiments.judgement import (
    enough,
    warnings,
    warnings_of_sets,
    warnings_of_test,
    warnings_of_verdicts,
)

NAMES = ['cat', 'dog', 'cow', 'emu', 'gnu']


class Index(SimpleNamespace):
    """As much of a label index as is asked for."""

    def __init__(self, *images):
        """Of images, each with the classes that are given, and those of them that are absent."""
        start = np.append(0, np.cumsum([len(labels) for labels, _ in images]))
        label = np.array([k for labels, _ in images for k in labels], int)
        value = np.array([k not in absent for labels, absent in images for k in labels], bool)
        super().__init__(noisy=Csr(start, label, None), verdicts=Csr(start, label, value))

    def __len__(self):
        return len(self.noisy.start) - 1


def image(*labels, absent=()):
    return labels, absent


def test_nothing_is_wrong_with_t():
    train = Index(*[image(0, 1)] * 5, image(2))
    assert warnings_of_sets(train, Index(image(0, 2)), NAMES) == []


def test_images_without_labels():
    train = Index(image(), image(0), image(0), image(0), image(0))
    (text,) = warnings_of_sets(train, Index(image(0)), NAMES)
    assert text == 'T has no noisy label on 1 of 5 images (20%).'
    assert warnings_of_sets(Index(image(), *[image(0)] * 5), Index(image(0)), NAMES) == []
    (text,) = warnings_of_sets(Index(image(), image()), Index(*[image(0)] * 3), NAMES)
    assert text.startswith('No image of T has a noisy label')


def test_fewer_images_than_v():
    (text,) = warnings_of_sets(Index(image(0)), Index(image(0), image(0)), NAMES)
    assert text.startswith('T has 1 image, fewer than V with 2')


def test_classes_that_t_does_not_know():
    verified = Index(image(0, 1, 3, absent=[3]), image(4, 2, 1))
    (text,) = warnings_of_sets(Index(image(0), image(0)), verified, NAMES)
    assert text.startswith(
        'T has no noisy label of 3 classes present in V, such as dog, cow, gnu: it teaches'
    )


@pytest.mark.parametrize(
    ('value', 'words'),
    [
        ((2.0, -2.0, 6.0), 'about 400'),  # twice the width: four times the images
        ((-2.0, -6.0, 2.0), 'about 400'),
        ((1.0, -0.11, 2.11), 'about 120'),  # 123.21, in two digits
        ((0.1, -1.0, 1.2), 'more than 10,000'),
        ((0.0, -1.0, 1.0), 'more than 10,000'),
        ((np.nan, np.nan, np.nan), 'more than 10,000'),
    ],
)
def test_how_many_images_would_tell(value, words):
    assert enough(value, 100) == words


def test_too_few_verdicts_to_tell():
    rows = [
        dict(name='joint', behind=(0.5, -0.5, 1.5), chosen=False),
        dict(name='clean', behind=(2.0, 1.0, 3.0), chosen=False),
        dict(name='soup', behind=(0.0, 0.0, 0.0), chosen=True),
    ]
    gain, methods = warnings(rows, dict(gain=(2.0, -2.0, 6.0)), 0, 100)
    assert gain.endswith('on 100 images; about 400 would tell.')
    assert methods == (
        'Too few verdicts to tell soup from joint (about 400); in brackets how many verified '
        'images would.'
    )


def test_verdicts_of_one_kind():
    (text,) = warnings_of_verdicts(np.ones(5, bool))
    assert text.startswith('All verdicts of V say present: nothing tells wrong labels from right')
    assert warnings_of_verdicts(np.arange(5) > 0) == []


def test_a_small_test_set():
    assert warnings_of_test(50) == []
    for images, words in ((49, '49 images'), (1, '1 image:')):
        (text,) = warnings_of_test(images)
        assert words in text
