import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from mmnoisy.datasets.pictures.thumbnails import encode_jpeg, thumbnail


def smooth(height, width):
    """A picture that hardly changes when it is encoded or made smaller."""
    rows, columns = np.mgrid[:height, :width]
    channels = rows / height, columns / width, (rows + columns) / (height + width)
    return np.round(255 * np.stack(channels, -1)).astype(np.uint8)


@pytest.mark.parametrize('suffix', ['jpg', 'png'])
@pytest.mark.parametrize('size', [(300, 375), (1600, 2000), (999, 1249)])
def test_large_pictures_are_made_small(tmp_path, size, suffix):
    path = tmp_path / f'a.{suffix}'
    cv2.imwrite(str(path), smooth(*size))
    made = thumbnail(path, 256)
    assert made.shape == (205, 256, 3)
    assert abs(made.astype(int) - smooth(205, 256)).max() < 12


@pytest.mark.parametrize('size', [(64, 48), (3, 256)])
def test_small_pictures_stay_as_they_are(tmp_path, size):
    picture = np.random.default_rng(0).integers(256, size=(*size, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / 'a.png'), picture)
    assert np.array_equal(thumbnail(tmp_path / 'a.png', 256), picture)


@pytest.mark.parametrize('kind', ['JPEG', 'PNG'])
@pytest.mark.parametrize('orientation', range(1, 9))
def test_thumbnails_are_upright(tmp_path, kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(smooth(300, 400)[..., ::-1].copy())
    stored.save(tmp_path / 'a', kind, exif=exif)
    with Image.open(tmp_path / 'a') as image:
        oracle = ImageOps.exif_transpose(image).convert('RGB')
    made = thumbnail(tmp_path / 'a', 200)
    oracle = np.array(oracle.resize(made.shape[1::-1], Image.BOX))[..., ::-1]
    assert max(made.shape) == 200
    assert abs(made.astype(int) - oracle).max() < 12


def test_what_is_no_picture_is_none(tmp_path):
    path = tmp_path / 'a.jpg'
    assert thumbnail(None, 256) is None
    assert thumbnail(path, 256) is None
    path.write_bytes(b'no picture')
    assert thumbnail(path, 256) is None
    path.write_bytes(encode_jpeg(smooth(64, 64))[:-20])
    assert thumbnail(path, 256) is None


def test_an_encoded_picture_is_the_same_picture():
    data = np.frombuffer(encode_jpeg(smooth(60, 80)), np.uint8)
    assert abs(cv2.imdecode(data, cv2.IMREAD_COLOR).astype(int) - smooth(60, 80)).max() < 12
