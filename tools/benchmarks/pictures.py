"""Loading pictures for training: from shrunk files, against MMPretrain's pair at full size.

All draw crops of 299 pixels, from the files as they are and as `mmnoisy shrink` writes them: ours
(LoadRandomResizedCrop), MMPretrain's LoadImageFromFile and RandomResizedCrop, torchvision's loader
and its RandomResizedCrop; all end before flipping and packing. What shrinking costs is told as the
PSNR of what is loaded from shrunk files to what is loaded from the full ones: of whole pictures as
in tests, and of the same random crops.
"""

from __future__ import annotations

import tempfile
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path
from statistics import median
from typing import Callable, Sequence

import cv2
import mmcv
import numpy as np
from mmcv.transforms import Compose
from mmpretrain.registry import TRANSFORMS
from torchvision import transforms
from torchvision.datasets.folder import pil_loader

import mmnoisy.datasets  # noqa: F401  registers the transforms
from benchmarks.numbers import require_at_least
from benchmarks.timing import all_in_turns, one_core, result
from mmnoisy.datasets.pictures.decoding import decode, decode_crop, read_header
from mmnoisy.datasets.pictures.shrink import shrink_file
from mmnoisy.errors import InputError

OURS = 'LoadRandomResizedCrop'
SCALE = 299
SHORT_EDGE = 342
GOAL = 0.5


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the options of this benchmark."""
    parser.add_argument('--pictures', type=Path, help='folder of JPEGs; by default made up')
    parser.add_argument('--images', type=int, default=64, help='number of pictures, default 64')
    parser.add_argument('--repeats', type=int, default=15, help='passes over them, default 15')
    parser.add_argument('--quality', type=int, default=90, help='of shrunk files, default 90')
    parser.add_argument(
        '--backend',
        choices=['cv2', 'pillow'],
        default='cv2',
        help="of the resize in MMPretrain's pair, default cv2, as in MMPretrain",
    )


def run(args: Namespace) -> dict:
    """Times a pass over all pictures.

    Raises:
        InputError: a number is not positive, or the folder holds no JPEG.
    """
    require_at_least(args, images=1, repeats=1, quality=1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if args.pictures is None:
            write_photographs(folder, args.images)
        full = sorted((args.pictures or folder).glob('*.jpg'))[: args.images]
        if not full:
            raise InputError(f'{args.pictures}: holds no *.jpg; name a folder that does')
        small = [folder / 'shrunk' / path.name for path in full]
        with one_core():
            start = time.perf_counter()
            for paths in zip(full, small):
                shrink_file(*paths, SHORT_EDGE, args.quality)
            shrinking = time.perf_counter() - start
        pair = [
            dict(type='LoadImageFromFile'),
            dict(type='RandomResizedCrop', scale=SCALE, backend=args.backend),
        ]
        loaders = {
            f'{size}_{name}': make(paths)
            for size, paths in (('full', full), ('shrunk', small))
            for name, make in (
                ('ours', lambda paths: _pass(paths, [dict(type=OURS, scale=SCALE)])),
                ('mmpretrain', lambda paths: _pass(paths, pair)),
                ('torchvision', _torchvision_pass),
            )
        }
        seconds = dict(zip(loaders, all_in_turns([*loaders.values()], args.repeats)))
        whole, crops = _psnr(full, small)
        kb = [sum(path.stat().st_size for path in paths) / 1000 for paths in (full, small)]
    number = len(full)
    return result(
        'pictures',
        seconds['shrunk_ours'] / number,
        seconds['full_mmpretrain'] / number,
        GOAL,
        **{f'{name}_per_second': number / taken for name, taken in seconds.items()},
        shrinks_per_second=number / shrinking,
        full_kb=kb[0] / number,
        shrunk_kb=kb[1] / number,
        psnr_of_whole_pictures=whole,
        psnr_of_crops=crops,
        short_edge=SHORT_EDGE,
        quality=args.quality,
        mmpretrain_resize=args.backend,
        images=number,
        repeats=args.repeats,
    )


def _psnr(full: Sequence[Path], small: Sequence[Path]) -> tuple[float, float]:
    """Medians of whole pictures, as in tests, and of crops of 8 to 100 % of them."""
    rng = np.random.default_rng(0)
    whole, crops = [], []
    for paths in zip(full, small):
        files = [path.read_bytes() for path in paths]
        sides = tuple(read_header(files[1])[1::-1])
        direct = mmcv.imresize(decode(files[0]), sides, backend='pillow')  # as ResizeEdge does
        whole.append(cv2.PSNR(direct, decode(files[1])))
        share, place = np.sqrt(rng.uniform(0.08, 1)), rng.random(2)
        direct, shrunk = (_crop(data, share, place) for data in files)
        crops.append(cv2.PSNR(direct, shrunk))
    return median(whole), median(crops)


def _crop(data: bytes, share: float, place: np.ndarray) -> np.ndarray:
    """A part of a picture that is the same at any size of it, at 299 pixels."""
    header = read_header(data)
    sides = np.array(header[:2])
    size = np.round(sides * share).astype(int)
    top, left = np.round((sides - size) * place).astype(int).tolist()
    height, width = size.tolist()
    if header.frame is None:
        crop = decode(data)[top : top + height, left : left + width]
    else:
        crop = decode_crop(data, header, (top, left, height, width), (SCALE, SCALE))
    return cv2.resize(crop, (SCALE, SCALE))


def write_photographs(folder: Path, number: int, height: int = 768, width: int = 1024) -> None:
    """Writes JPEGs (quality 90, 4:2:0) with the spectrum of photographs, 150 to 300 KB each."""
    for k in range(number):
        rng = np.random.default_rng(k)
        luma = 128 + 50 * _noise(rng, height, width, 1.3 + 0.02 * (k % 8))
        chroma = [128 + 18 * _noise(rng, height, width, 1.7) for _ in range(2)]
        pixels = np.stack([luma, *chroma], -1).clip(0, 255).astype(np.uint8)
        picture = cv2.cvtColor(pixels, cv2.COLOR_YCrCb2BGR)
        cv2.imwrite(str(folder / f'{k:06}.jpg'), picture, [cv2.IMWRITE_JPEG_QUALITY, 90])


def _noise(rng: np.random.Generator, height: int, width: int, slope: float) -> np.ndarray:
    """Noise (height, width) of variance 1 whose amplitude falls with frequency ** slope."""
    frequency = np.hypot(
        np.fft.fftfreq(height, 1 / height)[:, None], np.fft.rfftfreq(width, 1 / width)
    )
    frequency[0, 0] = 1
    spectrum = np.fft.rfft2(rng.standard_normal((height, width))) / frequency**slope
    noise = np.fft.irfft2(spectrum, (height, width))
    return noise / noise.std()


def _torchvision_pass(paths: Sequence[Path]) -> Callable[[], None]:
    crop = transforms.RandomResizedCrop(SCALE)

    def run_once() -> None:
        for path in paths:
            crop(pil_loader(str(path)))

    return run_once


def _pass(paths: Sequence[Path], steps: Sequence[dict]) -> Callable[[], None]:
    """A pass over the pictures; the n-th draws the same crops in every pipeline."""
    scoped = [dict(t, type=f'mmpretrain.{t["type"]}') for t in steps]
    pipeline = Compose([TRANSFORMS.build(t) for t in scoped])
    passes = 0

    def run_once() -> None:
        nonlocal passes
        np.random.seed(passes)
        passes += 1
        for path in paths:
            pipeline(dict(img_path=str(path)))

    return run_once
