import io

import cv2
import mmcv
import numpy as np
import pytest
from mmengine.fileio import LocalBackend, register_backend
from mmpretrain.registry import TRANSFORMS
from PIL import Image, ImageOps, features
from test_decoding import encode, mean_difference, photograph

from mmnoisy.datasets import LoadPicture, LoadRandomResizedCrop
from mmnoisy.datasets.pictures import loading


def build(*pipeline):
    transforms = [TRANSFORMS.build(dict(t, type=f'mmpretrain.{t["type"]}')) for t in pipeline]

    def run(path):
        results = dict(img_path=str(path))
        for transform in transforms:
            results = transform(results)
        return results

    return run


def pair(**options):
    load = dict(type='LoadImageFromFile')
    return build(load, dict(type='RandomResizedCrop', **options))


def ours(**options):
    return build(dict(type='LoadRandomResizedCrop', **options))


def write(path, data):
    path.write_bytes(data)
    return path


def psnr(a, b):
    return cv2.PSNR(np.ascontiguousarray(a), np.ascontiguousarray(b))


OPTIONS = [
    dict(scale=48),
    dict(scale=(30, 60), crop_ratio_range=(0.5, 0.9), aspect_ratio_range=(1, 3)),
    dict(scale=40, crop_ratio_range=(0.9, 1), aspect_ratio_range=(5, 6), max_attempts=2),
]


@pytest.mark.parametrize('options', OPTIONS)
@pytest.mark.parametrize('shape', [(300, 400), (401, 123), (64, 640)])
def test_the_same_seed_gives_the_same_crop(tmp_path, jpeg_decoder, options, shape, monkeypatch):
    path = write(tmp_path / 'a.jpg', encode(photograph(*shape), quality=90))
    boxes, drawn = [], []
    crop, decode = mmcv.imcrop, loading.decode_crop

    def record_box(img, bboxes):
        left, top, right, bottom = bboxes
        boxes.append((top, left, bottom - top + 1, right - left + 1))
        return crop(img, bboxes)

    def record_draw(data, header, box, size):
        drawn.append(box)
        return decode(data, header, box, size)

    monkeypatch.setattr(mmcv, 'imcrop', record_box)
    monkeypatch.setattr(loading, 'decode_crop', record_draw)
    for seed in range(15):
        np.random.seed(seed)
        expected = pair(**options)(path)
        np.random.seed(seed)
        result = ours(**options)(path)
        assert {**result, 'img': 0} == {**expected, 'img': 0}
        height, width = boxes[-1][2:]
        if min(np.array([height, width]) / expected['img_shape'][:2]) < 2:
            np.testing.assert_array_equal(result['img'], expected['img'])
        else:
            # OpenCV's bilinear resize skips pixels, so the averages differ from it a little.
            assert psnr(result['img'], expected['img']) > 25
    assert drawn == boxes


def test_a_reduced_crop_is_close_to_the_antialiased_one(tmp_path, jpeg_decoder):
    path = write(tmp_path / 'a.jpg', encode(photograph(768, 1024), quality=90))
    for seed in range(12):
        np.random.seed(seed)
        expected = pair(scale=75, backend='pillow')(path)['img']
        for backend, bound in (('pillow', 34), ('cv2', 30)):
            np.random.seed(seed)
            assert psnr(ours(scale=75, backend=backend)(path)['img'], expected) > bound


def test_a_whole_picture_is_loaded_as_mmpretrain_does(tmp_path):
    path = write(tmp_path / 'a.jpg', encode(photograph(61, 83)))
    result, expected = LoadPicture()(dict(img_path=path)), build(dict(type='LoadImageFromFile'))
    expected = dict(expected(path), img_path=path)
    np.testing.assert_array_equal(result.pop('img'), expected.pop('img'))
    assert result == expected


def cmyk(picture):
    file = io.BytesIO()
    Image.fromarray(picture[..., ::-1]).convert('CMYK').save(file, 'JPEG', quality=95)
    return file.getvalue()


def gray(picture, **options):
    file = io.BytesIO()
    Image.fromarray(picture[..., 0]).save(file, 'JPEG', **options)
    return file.getvalue()


def rotated(orientation, kind='JPEG'):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return lambda picture: encode(picture, kind, exif=exif)


def sixteen_bits(picture):
    return cv2.imencode('.png', picture.astype(np.uint16) * 256 + 77)[1].tobytes()


def rgba(picture):
    alpha = np.linspace(0, 255, picture[..., 0].size).reshape(picture.shape[:2])
    return cv2.imencode('.png', np.dstack([picture, alpha.astype(np.uint8)]))[1].tobytes()


def palette(picture):
    file = io.BytesIO()
    Image.fromarray(picture).quantize(64).save(file, 'PNG')
    return file.getvalue()


GOOD = {
    'baseline': encode,
    'progressive': lambda picture: encode(picture, progressive=True),
    'trailing bytes': lambda picture: encode(picture) + b'\xff\xd8\xff and more',
    'gray': gray,
    'gray, progressive': lambda picture: gray(picture, progressive=True),
    'CMYK': cmyk,
    'PNG': lambda picture: encode(picture, 'PNG'),
    'PNG, 16 bits': sixteen_bits,
    'PNG, RGBA': rgba,
    'PNG, palette': palette,
    'WebP': lambda picture: encode(picture, 'WebP', lossless=True),
    'one pixel': lambda picture: encode(picture[:1, :1]),
    'one row': lambda picture: encode(picture[:1]),
    **{
        f'{kind}, orientation {k}': rotated(k, kind)
        for kind in ('JPEG', 'PNG', 'WEBP', 'TIFF', *(['AVIF'] if features.check('avif') else []))
        for k in range(1, 9)
    },
}


@pytest.mark.parametrize('kind', GOOD)
def test_odd_pictures_load_as_pillow_sees_them(tmp_path, jpeg_decoder, kind):
    path = write(tmp_path / 'odd.jpg', GOOD[kind](photograph(90, 130)))
    with Image.open(path) as image:
        oracle = np.array(ImageOps.exif_transpose(image).convert('RGB'))[..., ::-1]
    result = LoadPicture()(dict(img_path=str(path)))
    assert result['img_shape'] == result['ori_shape'] == oracle.shape[:2]
    assert result['img'].dtype == np.uint8
    assert mean_difference(result['img'], oracle) < 1
    # With no draw that fits, the crop is the whole picture.
    whole = ours(scale=(53, 37), max_attempts=0, aspect_ratio_range=(1e-3, 1e3))(path)
    assert whole['ori_shape'] == oracle.shape[:2]
    resized = Image.fromarray(np.ascontiguousarray(oracle)).resize((37, 53), Image.BILINEAR)
    assert mean_difference(whole['img'], np.array(resized)) < 4


def animation():
    frames = [Image.fromarray(photograph(40, 50, seed)) for seed in range(3)]
    file = io.BytesIO()
    frames[0].save(file, 'GIF', save_all=True, append_images=frames[1:])
    return file.getvalue()


def test_of_an_animation_the_first_frame_is_taken_if_opencv_reads_it(tmp_path):
    path = write(tmp_path / 'moving.jpg', animation())
    for load in (LoadPicture(), LoadRandomResizedCrop(20)):
        try:
            img = load(dict(img_path=str(path)))['img']
        except OSError as error:
            assert str(path) in str(error)
        else:
            assert img.shape in ((40, 50, 3), (20, 20, 3))


def cut(data, share):
    return data[: int(len(data) * share)]


def claims(data, side):
    at = data.index(b'\0\x5a\0\x82')
    return data[:at] + 2 * side.to_bytes(2, 'big') + data[at + 4 :]


JPEG, PNG = encode(photograph(90, 130)), encode(photograph(90, 130), 'PNG')
BAD = {
    'empty': (b'', 'the file is empty'),
    'HTML': (b'<!DOCTYPE html><html>404</html>', 'in no format that'),
    'text': (b'not a picture', 'in no format that'),
    'two bytes': (b'\xff\xd8', ''),
    'header only': (cut(JPEG, 0.05), ''),
    'half': (cut(JPEG, 0.5), 'ends before its end-of-image marker'),
    'without end': (JPEG[:-2], 'ends before its end-of-image marker'),
    'half a PNG': (cut(PNG, 0.5), 'OpenCV cannot decode it'),
    'half a WebP': (cut(encode(photograph(90, 130), 'WebP'), 0.5), ''),
    'half a GIF': (cut(animation(), 0.1), ''),
    'huge': (claims(JPEG, 50_000), 'has 50000 x 50000 pixels, not 1 to'),
    'no height': (claims(JPEG, 0), 'has 0 x 0 pixels, not 1 to'),
    'no tables': (JPEG[:2] + JPEG[JPEG.index(b'\xff\xc0') :], ''),
}


@pytest.mark.parametrize('kind', BAD)
def test_what_is_no_picture_raises_one_kind_of_error(tmp_path, jpeg_decoder, kind):
    data, reason = BAD[kind]
    path = write(tmp_path / 'bad.jpg', data)
    for load in (LoadPicture(), LoadRandomResizedCrop(20)):
        with pytest.raises(OSError, match=f'bad.jpg: cannot be read as a picture: .*{reason}'):
            load(dict(img_path=str(path)))


def test_any_damage_is_either_loaded_or_named(tmp_path, jpeg_decoder):
    rng = np.random.default_rng(0)
    for data in (JPEG, encode(photograph(90, 130), progressive=True), rotated(6)(photograph(9, 9))):
        for _ in range(60):
            damaged = bytearray(data)
            for at in rng.integers(len(data) if rng.random() < 0.5 else 700, size=5):
                damaged[at % len(data)] = rng.integers(256)
            path = write(tmp_path / 'damaged.jpg', bytes(damaged))
            for load in (LoadPicture(), LoadRandomResizedCrop(20)):
                try:
                    img = load(dict(img_path=str(path)))['img']
                    assert img.ndim == 3
                except OSError as error:
                    assert str(path) in str(error)


@pytest.mark.parametrize('path', ['gone.jpg', '.'])
def test_a_missing_file_is_named_once(tmp_path, path):
    path = str(tmp_path / path)
    for load in (LoadPicture(), LoadRandomResizedCrop(20)):
        with pytest.raises(OSError, match='cannot be read as a picture') as raised:
            load(dict(img_path=path))
        assert str(raised.value).count(path) == 1


@register_backend('store of the tests')
class Store(LocalBackend):
    """Holds one picture, gives it in a form of its own and fails in a way of its own."""

    def __init__(self, name):
        self.pictures = {name: JPEG}

    def get(self, filepath):
        return memoryview(self.pictures[filepath])


def test_pictures_come_from_any_storage_of_mmengine():
    arguments = dict(backend='store of the tests', name='a')
    for load in (LoadPicture(arguments), LoadRandomResizedCrop(20, arguments)):
        assert load(dict(img_path='a'))['ori_shape'] == (90, 130)
        with pytest.raises(OSError, match="b: cannot be read as a picture: 'b'"):
            load(dict(img_path='b'))
