import io
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps
from test_decoding import encode, mean_difference, opencv, photograph

from mmnoisy.datasets.pictures.decoding import decode
from mmnoisy.datasets.pictures.shrink import COPIED, SHRUNK, THERE, shrink, shrink_file


def pillow(data, short_edge):
    """The slow way: all of it, turned, in three channels, the mean over areas, as a JPEG."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert('RGB')
    scale = short_edge / min(image.size)
    size = [round(side * scale) for side in image.size]
    smaller = np.asarray(image.resize(size, Image.Resampling.BOX))[..., ::-1]
    return opencv(encode(smaller, quality=100))


def saved(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize('shape', [(300, 400), (401, 123), (96, 96), (97, 96)])
@pytest.mark.parametrize('edge', [95, 60, 24])
def test_it_is_that_of_pillow(jpeg_decoder, shape, edge):
    data = encode(photograph(*shape), quality=95)
    smaller = shrink(data, edge, 100)
    assert min(decode(smaller).shape[:2]) == edge
    assert mean_difference(decode(smaller), pillow(data, edge)) < 2


@pytest.mark.parametrize('orientation', range(1, 9))
def test_exif_is_applied_once(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = photograph(120, 200)
    picture[:40, :50] = (0, 0, 255)  # of the eight ways each looks different
    data = encode(picture, quality=95, exif=exif)
    smaller = shrink(data, 60, 100)
    expected = pillow(data, 60)
    assert expected.shape[:2] == ((60, 100) if orientation < 5 else (100, 60))
    for read in (decode, opencv, lambda b: np.asarray(Image.open(io.BytesIO(b)))[..., ::-1]):
        assert mean_difference(read(smaller), expected) < 2
    assert not Image.open(io.BytesIO(smaller)).getexif()
    assert shrink(data, 120, 100) is None  # and so it is left to who loads it


COLOUR = Image.fromarray(photograph(120, 160)[..., ::-1])
KINDS = {
    'gray JPEG': (COLOUR.convert('L'), 'JPEG'),
    'gray PNG': (COLOUR.convert('L'), 'PNG'),
    'palette': (COLOUR.convert('P', palette=Image.Palette.ADAPTIVE), 'PNG'),
    'GIF': (COLOUR.convert('P', palette=Image.Palette.ADAPTIVE), 'GIF'),
    'alpha': (COLOUR.convert('RGBA'), 'PNG'),
    'gray with alpha': (COLOUR.convert('LA'), 'PNG'),
    'one bit': (COLOUR.convert('1'), 'PNG'),
    'WebP': (COLOUR, 'WEBP'),
    'TIFF': (COLOUR, 'TIFF'),
}


@pytest.mark.parametrize('kind', KINDS)
def test_other_kinds_of_pictures(kind):
    data = saved(*KINDS[kind], **(dict(lossless=True) if kind == 'WebP' else {}))
    if kind == 'GIF' and opencv(data) is None:
        pytest.skip('this OpenCV does not read GIF')
    smaller = shrink(data, 60, 100)
    assert smaller.startswith(b'\xff\xd8')
    assert mean_difference(decode(smaller), pillow(data, 60)) < 2


def test_cmyk():
    data = saved(COLOUR.convert('CMYK'), 'JPEG', quality=95)
    # How inks become light is the decoder's business, and not the same in all.
    whole = decode(data)
    expected = pillow(saved(Image.fromarray(whole[..., ::-1]), 'PNG'), 60)
    assert mean_difference(decode(shrink(data, 60, 100)), expected) < 2


def test_transparent_pixels_and_sixteen_bits():
    colour = np.dstack([np.asarray(COLOUR), np.zeros((120, 160), np.uint8)])
    smaller = decode(shrink(saved(Image.fromarray(colour), 'PNG'), 60, 100))
    assert mean_difference(smaller, pillow(saved(COLOUR, 'PNG'), 60)) < 2
    gray = np.asarray(COLOUR.convert('L'))
    deep = Image.fromarray(gray.astype(np.uint16) * 257)
    smaller = decode(shrink(saved(deep, 'PNG'), 60, 100))
    assert mean_difference(smaller, pillow(saved(Image.fromarray(gray), 'PNG'), 60)) < 2


@given(st.integers(1, 70), st.integers(1, 70), st.integers(1, 70))
def test_it_is_never_enlarged_and_keeps_its_shape(height, width, edge):
    data = encode(np.zeros((height, width, 3), np.uint8))
    smaller = shrink(data, edge)
    if edge >= min(height, width):
        assert smaller is None
        return
    shape = decode(smaller).shape[:2]
    assert min(shape) == edge
    scale = edge / min(height, width)
    assert np.abs(np.array(shape) - scale * np.array([height, width])).max() <= 0.5


def test_quality_is_that_of_the_jpeg():
    data = encode(photograph(300, 400), quality=95)
    sizes = [len(shrink(data, 200, quality)) for quality in (30, 60, 90, 100)]
    assert sizes == sorted(sizes)
    tables = Image.open(io.BytesIO(shrink(data, 200, 75))).quantization
    assert tables == Image.open(io.BytesIO(encode(photograph(9, 9), quality=75))).quantization


@pytest.mark.parametrize('name', ['a.jpg', 'é, b c.PNG', 'x/y/z.webp'])
def test_files_keep_their_names(tmp_path, name):
    source, target = tmp_path / 'in' / name, tmp_path / 'out' / name
    source.parent.mkdir(parents=True)
    source.write_bytes(encode(photograph(80, 90), 'PNG'))
    made = shrink_file(source, target, 40)
    assert made == (SHRUNK, source.stat().st_size, target.stat().st_size, '', None)
    assert decode(target.read_bytes()).shape == (40, 45, 3)
    time = target.stat().st_mtime_ns
    assert shrink_file(source, target, 40).what == THERE
    assert target.stat().st_mtime_ns == time
    other = tmp_path / 'other' / name
    assert shrink_file(source, other, 80).what == COPIED
    assert other.read_bytes() == source.read_bytes()
    assert shrink_file(source, None, 40).data == target.read_bytes()


def test_what_cannot_be_read_has_a_reason_and_leaves_no_file(tmp_path):
    whole = encode(photograph(80, 90))
    (tmp_path / 'folder.jpg').mkdir()
    os.mkfifo(tmp_path / 'pipe.jpg')
    for name, data in dict(empty=b'', text=b'hello', cut=whole[:-90]).items():
        (tmp_path / f'{name}.jpg').write_bytes(data)
    png = encode(photograph(80, 90), 'PNG')
    (tmp_path / 'cut.png').write_bytes(png[:60])
    for name, reason in {
        'gone.jpg': 'missing',
        'folder.jpg': 'is no file',
        'pipe.jpg': 'is no file',
        'empty.jpg': 'the file is empty',
        'text.jpg': 'is in no format that Pillow knows',
        'cut.jpg': 'ends before its end-of-image marker',
        'cut.png': 'OpenCV cannot decode it',
    }.items():
        for edge in (40, 100):
            made = shrink_file(tmp_path / name, tmp_path / 'out' / name, edge)
            assert made.what == reason
            assert made.error.startswith(f'{tmp_path / name}: ')
    assert not (tmp_path / 'out').exists()
