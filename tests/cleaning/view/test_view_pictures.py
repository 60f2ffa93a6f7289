import base64
import os
from pathlib import Path
from urllib.parse import unquote

import cv2
import numpy as np
import pytest

from mmnoisy.cleaning.view.pictures import LONGEST, Pictures, addresses
from mmnoisy.datasets.csr import Csr
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.errors import InputError
from mmnoisy.io.texts import Texts

A, B, C = (f'{k:016x}' for k in (10, 11, 12))


@pytest.fixture
def pictures(tmp_path):
    """A and B under either template, A as 300 x 200 pixels; C nowhere."""
    root = tmp_path / 'pictures, #1? 100 %'
    for path, size in ((f'test/{A}.png', (200, 300)), (f'more/{B[:3]}/{B}.png', (20, 30))):
        (root / path).parent.mkdir(parents=True)
        cv2.imwrite(str(root / path), np.full((*size, 3), 200, np.uint8))
    none = Csr(np.zeros(4, int), np.zeros(0, int), np.zeros(0))
    index = LabelIndex(Texts.of([A, B, C]), none, none, {'subset': 'test'})
    return Pictures(root, ['{split}/{id}.png', 'more/{id:.3}/{id}.png'], index)


def test_links_lead_from_the_page_to_the_files(pictures, tmp_path):
    folder = tmp_path / 'far/away'
    found = addresses(pictures, [A, B, C], folder)
    assert found[2] is None
    for link, image_id in zip(found, (A, B)):
        assert not {*link} & {*' #?,'}
        path = Path(os.path.normpath(folder / unquote(link)))
        assert path == pictures.find(image_id)
        assert path.name == f'{image_id}.png'


def test_embedded_pictures_are_small(pictures):
    found = addresses(pictures, [A, B, C], Path(), embed=True)
    assert found[2] is None
    for address, shape in zip(found, ((85, LONGEST, 3), (20, 30, 3))):
        head, data = address.split(',')
        assert head == 'data:image/jpeg;base64'
        picture = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
        assert picture.shape == shape
        assert (abs(picture.astype(int) - 200) < 3).all()


def test_what_is_no_picture_is_not_embedded(pictures):
    pictures.find(A).write_text('text')
    assert addresses(pictures, [A], Path(), embed=True) == [None]


def test_refusals(pictures):
    pictures.check()
    with pytest.raises(InputError, match='no such folder of pictures'):
        pictures._replace(root=pictures.root / 'gone').check()
    with pytest.raises(InputError, match='lacks the field'):
        pictures._replace(templates=['{split}.jpg']).check()
