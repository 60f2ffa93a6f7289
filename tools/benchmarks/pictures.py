"""Loading pictures for training: LoadRandomResizedCrop against MMPretrain's pair of transforms.

Both draw the same crops of the same files, at 299 pixels, and end before flipping and packing.
"""

from __future__ import annotations

import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Callable

import cv2
import numpy as np
from mmcv.transforms import Compose
from mmpretrain.registry import TRANSFORMS

import mmnoisy.datasets  # noqa: F401  registers the transforms
from benchmarks.numbers import require_at_least
from benchmarks.timing import in_turns, result
from mmnoisy.errors import InputError

SCALE = 299
GOAL = 0.5


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the options of this benchmark."""
    parser.add_argument('--pictures', type=Path, help='folder of JPEGs; by default made up')
    parser.add_argument('--images', type=int, default=64, help='number of pictures, default 64')
    parser.add_argument('--repeats', type=int, default=15, help='passes over them, default 15')
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
    require_at_least(args, images=1, repeats=1)
    with tempfile.TemporaryDirectory() as folder:
        if args.pictures is None:
            write_photographs(Path(folder), args.images)
        paths = sorted((args.pictures or Path(folder)).glob('*.jpg'))[: args.images]
        if not paths:
            raise InputError(f'{args.pictures}: holds no *.jpg; name a folder that does')
        size = sum(path.stat().st_size for path in paths) / len(paths)
        ours, alternative = in_turns(
            _pass(paths, [dict(type='LoadRandomResizedCrop', scale=SCALE)]),
            _pass(
                paths,
                [
                    dict(type='LoadImageFromFile'),
                    dict(type='RandomResizedCrop', scale=SCALE, backend=args.backend),
                ],
            ),
            args.repeats,
        )
    return result(
        'pictures',
        ours / len(paths),
        alternative / len(paths),
        GOAL,
        ours_images_per_second=len(paths) / ours,
        alternative_images_per_second=len(paths) / alternative,
        alternative_resize=args.backend,
        images=len(paths),
        mean_file_kb=size / 1000,
        repeats=args.repeats,
    )


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


def _pass(paths: list[Path], transforms: list[dict]) -> Callable[[], None]:
    """A pass over the pictures; the n-th draws the same crops in every pipeline."""
    scoped = [dict(t, type=f'mmpretrain.{t["type"]}') for t in transforms]
    pipeline = Compose([TRANSFORMS.build(t) for t in scoped])
    passes = 0

    def run_once() -> None:
        nonlocal passes
        np.random.seed(passes)
        passes += 1
        for path in paths:
            pipeline(dict(img_path=str(path)))

    return run_once
