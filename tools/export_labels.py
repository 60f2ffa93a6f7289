"""Writes the labels of an index for FiftyOne, cleanlab, COCO's readers or as Parquet.

For example:
    python tools/export_labels.py cleaned/index --format coco --out cleaned/coco

cleanlab also needs the probabilities of a model for all classes of all images:
    python tools/export_labels.py data/tiny-open-images/index/train --format cleanlab --out cleanlab
        --model configs/joint_tiny_features.py work_dirs/joint_tiny_features/epoch_12.pth

Paths of pictures are relative to their folder, {split}/{id}.jpg, or as --template says.
"""

from __future__ import annotations

import os
import tempfile
from argparse import Namespace
from pathlib import Path

import numpy as np

from mmnoisy.cleaning.blocks import disk_errors
from mmnoisy.cleaning.exports.formats import FORMATS
from mmnoisy.cleaning.from_config import build_scorer, start
from mmnoisy.cleaning.streams import NpyStream
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.datasets.pictures.paths import check_template
from mmnoisy.engine.launch import tool_parser, user_errors
from mmnoisy.errors import InputError


def parse_args() -> Namespace:
    """The command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('index', type=Path, metavar='INDEX', help='folder of a label index')
    parser.add_argument('--format', choices=FORMATS, required=True, help='of which tool')
    parser.add_argument('--out', type=Path, required=True, help='folder to write')
    parser.add_argument(
        '--template', default='{split}/{id}.jpg', help='path of a picture, default {split}/{id}.jpg'
    )
    parser.add_argument(
        '--model',
        nargs=2,
        metavar=('CONFIG', 'CKPT'),
        help='cleanlab: write the probabilities of this model for the images of the config',
    )
    args = parser.parse_args()
    check_template(args.template)
    if args.model and args.format != 'cleanlab':
        raise InputError(f'--model: probabilities are for cleanlab, not for {args.format}')
    if args.out.exists():
        raise InputError(f'{args.out}: is there already; name another folder with --out')
    return args


def write_probabilities(config: str, checkpoint: str, index: LabelIndex, path: Path) -> None:
    """Writes (N, C) probabilities of the classifier, one batch in memory at a time.

    Raises:
        InputError: the images are not those of the subset in the config, or one has no picture.
    """
    settings = dict(config=config, checkpoint=checkpoint, batch_size=64, num_workers=1)
    args = Namespace(**settings, cfg_options=None, work_dir=None, launcher='none', local_rank=0)
    scorer = build_scorer(start(args), args, index.info['subset'])
    if not np.array_equal(scorer.index.image_ids, index.image_ids):
        raise InputError(
            f'{config}: its images of {index.info["subset"]} are not those of the index; '
            'give the config that the index was made for'
        )
    stream = NpyStream(path, np.float32, scorer.num_classes)
    for rows, scores in scorer([slice(0, len(index))]):
        missing = np.isnan(scores.score[:, 0])
        if missing.any():
            raise InputError(
                f'image {index.image_ids[rows][missing][0]:016x}: has no picture, so there is no '
                'probability for it; export an index without such images'
            )
        stream.append(scores.score)
    stream.close()


@user_errors
def main() -> None:
    """Exports into a hidden folder, which gets its name at the end."""
    args = parse_args()
    index = LabelIndex.open(args.index)
    index.require_one_vocabulary(args.index, 'export the index that tools/clean_labels.py writes')
    with disk_errors(args.out):
        args.out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f'.{args.out.name}-', dir=args.out.parent) as name:
            folder = Path(name) / 'made'
            folder.mkdir()
            FORMATS[args.format](index, args.template, folder)
            if args.model:
                config, checkpoint = args.model
                write_probabilities(config, checkpoint, index, folder / 'pred_probs.npy')
            os.replace(folder, args.out)
    print(f'{len(index):,} images, {len(index.noisy.label):,} labels, written to {args.out}')


if __name__ == '__main__':
    main()
