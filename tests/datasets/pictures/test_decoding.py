import io

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mmnoisy.datasets.pictures import decoding
from mmnoisy.datasets.pictures.decoding import decode_crop, read_header


def photograph(height, width, seed=0):
    """Something with the spectrum of a photograph: ever finer noise of ever lower contrast."""
    rng = np.random.default_rng(seed)
    picture = np.full((height, width, 3), 127, np.float32)
    for octave in range(1, 8):
        noise = rng.normal(scale=50 / octave**1.5, size=(2**octave, 2**octave, 3))
        picture += cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    return picture.clip(0, 255).astype(np.uint8)


def encode(picture, kind='JPEG', **options):
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture[..., ::-1])).save(file, kind, **options)
    return file.getvalue()


def opencv(data, flags=cv2.IMREAD_COLOR):
    return cv2.imdecode(np.frombuffer(data, np.uint8), flags)


def mean_difference(a, b):
    assert a.shape == b.shape
    return np.abs(a.astype(float) - b).mean()


FLAVOURS = {
    'baseline': dict(),
    'progressive': dict(progressive=True),
    'restart markers': dict(restart_marker_rows=1),
    '4:4:4': dict(subsampling=0),
    '4:2:2': dict(subsampling=1),
}


@pytest.mark.parametrize('flavour', FLAVOURS)
def test_a_crop_at_full_scale_is_that_of_the_whole_picture(jpeg_decoder, flavour):
    data = encode(photograph(203, 301), quality=90, **FLAVOURS[flavour])
    header, whole = read_header(data), opencv(data)
    for top, left, height, width in [(0, 0, 203, 301), (0, 0, 1, 1), (50, 9, 98, 201)]:
        crop = decode_crop(data, header, (top, left, height, width), (120, 120))
        np.testing.assert_array_equal(crop, whole[top : top + height, left : left + width])


@pytest.mark.parametrize('flavour', FLAVOURS)
@pytest.mark.parametrize('scale', [2, 4, 8])
def test_a_reduced_crop_is_the_mean_over_its_pixels(jpeg_decoder, flavour, scale):
    data = encode(photograph(331, 517), quality=90, **FLAVOURS[flavour])
    box = top, left, height, width = 5 * scale, 7 * scale, 24 * scale, 32 * scale
    crop = decode_crop(data, read_header(data), box, (20, 20))
    area = opencv(data)[top : top + height, left : left + width]
    assert mean_difference(crop, cv2.resize(area, (32, 24), interpolation=cv2.INTER_AREA)) < 2


def test_a_gray_crop_has_three_equal_channels(jpeg_decoder):
    gray = Image.fromarray(photograph(100, 90)[..., 0])
    file = io.BytesIO()
    gray.save(file, 'JPEG')
    header = read_header(file.getvalue())
    assert header.frame is not None
    crop = decode_crop(file.getvalue(), header, (10, 20, 30, 40), (30, 40))
    np.testing.assert_array_equal(crop, opencv(file.getvalue())[10:40, 20:60])


@given(
    st.integers(1, 90), st.integers(1, 120), st.integers(1, 12), st.integers(1, 12), st.randoms()
)
def test_a_crop_is_reduced_as_far_as_its_size_allows(height, width, out_h, out_w, random):
    data = encode(np.zeros((90, 120, 3), np.uint8))
    box = (random.randint(0, 90 - height), random.randint(0, 120 - width), height, width)
    crop = decode_crop(data, read_header(data), box, (out_h, out_w))
    if height < 2 * out_h or width < 2 * out_w:
        assert crop.shape[:2] == (height, width)
    else:
        assert crop.shape[0] >= out_h
        assert crop.shape[1] >= out_w
        # An eighth is the least that there is.
        halved = crop.shape[0] >= 2 * out_h + 1 and crop.shape[1] >= 2 * out_w + 1
        assert not halved or crop.shape[0] <= height / 8 + 1


def test_without_simplejpeg_nothing_is_printed(capfd, monkeypatch):
    monkeypatch.setattr(decoding, '_HAS_SIMPLEJPEG', False)
    data = encode(photograph(64, 64))
    decode_crop(data, read_header(data), (0, 0, 16, 16), (16, 16))
    assert capfd.readouterr() == ('', '')


def test_the_frame_is_not_that_of_a_thumbnail():
    thumbnail, data = encode(photograph(12, 16)), encode(photograph(120, 160))
    segment = Image.Exif().tobytes() + thumbnail
    marked = data[:2] + b'\xff\xe1' + (len(segment) + 2).to_bytes(2, 'big') + segment + data[2:]
    header = read_header(marked)
    assert header == (120, 160, read_header(data).frame + len(segment) + 4)
    # The thumbnail is complete, the picture is not.
    with pytest.raises(ValueError, match='ends before its end-of-image marker'):
        read_header(marked[:-2])


def test_bytes_between_segments_do_no_harm():
    data = encode(photograph(60, 80))
    padded = data[:2] + b'\xff\xff\0\1\2' + data[2:]
    assert opencv(padded) is not None
    header = read_header(data)
    assert read_header(padded) == header._replace(frame=header.frame + 5)


def test_bytes_after_the_end_do_no_harm():
    data = encode(photograph(60, 80))
    for rest in (b'\0' * 1000, b'\r\n', data):
        assert read_header(data + rest) == read_header(data)


@pytest.mark.filterwarnings('ignore::PIL.Image.DecompressionBombWarning')
@pytest.mark.parametrize('side', [12_000, 50_000])
def test_a_huge_size_in_a_header_is_refused_before_it_is_decoded(side, monkeypatch):
    monkeypatch.setattr(cv2, 'imdecode', None)
    jpeg, bitmap = (bytearray(encode(photograph(10, 20), kind)) for kind in ('JPEG', 'BMP'))
    at = jpeg.index(b'\0\x0a\0\x14')
    jpeg[at : at + 4] = 2 * side.to_bytes(2, 'big')
    bitmap[18:26] = 2 * side.to_bytes(4, 'little')
    for data in (bytes(jpeg), bytes(bitmap)):
        with pytest.raises(Exception, match=r'exceeds limit of|has \d+ x \d+ pixels, not 1 to'):
            read_header(data)


def test_suffixes_are_those_that_can_be_decoded():
    assert {'.jpg', '.jpeg', '.png', '.avif', '.webp', '.tif', '.bmp'} <= decoding.suffixes()
    assert not decoding.suffixes() & {'', '.txt', '.pdf', '.mp4'}
