r"""Writes the labels of an index, or its verdicts, in the format of another tool.

For example:
    python tools/export_labels.py cleaned/index --format coco --out coco.json

cleanlab also needs the probabilities of a model for all classes of all images:
    python tools/export_labels.py data/tiny-open-images/index/train --format cleanlab \
        --out cleanlab --model configs/joint_tiny.py work_dirs/joint_tiny \
        --features data/tiny-open-images/features

Paths of pictures are relative to their folder: those of the index, else {split}/{id}.jpg, or as
--template says.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from mmnoisy.cli.parsers import quiet_config_of, scorer_of
from mmnoisy.datasets.pictures.paths import TEMPLATE, check_template
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import atomic_folder

if TYPE_CHECKING:
    from mmnoisy.datasets.label_index import LabelIndex
    from mmnoisy.datasets.sources.base import Kind


def add_arguments(parser: ArgumentParser) -> None:
    """Adds what the command line may say."""
    from mmnoisy.cleaning.exports import FORMATS

    parser.add_argument('index', type=Path, metavar='INDEX', help='folder of a label index')
    parser.add_argument('--format', choices=FORMATS, required=True, help='format to write')
    parser.add_argument(
        '--out', type=Path, required=True, help='file to write, a folder where the format is one'
    )
    parser.add_argument(
        '--verified', action='store_true', help='write the verdicts in place of the noisy labels'
    )
    parser.add_argument(
        '--template', help=f'path of a picture, default that of the index, or {TEMPLATE}'
    )
    parser.add_argument(
        '--model',
        nargs=2,
        metavar=('CONFIG', 'CKPT'),
        help='cleanlab: write the probabilities of this model for the images of the config',
    )
    parser.add_argument(
        '--features', type=Path, metavar='DIR', help='feature bank that the model looks at'
    )


def check_arguments(args: Namespace) -> None:
    """Refuses what cannot be exported before anything is read.

    Raises:
        InputError: an argument cannot be used.
    """
    if args.template is not None:
        check_template(args.template)
    if args.model and args.format != 'cleanlab':
        raise InputError(f'--model: probabilities are for cleanlab, not for {args.format}')
    if args.verified and args.format == 'cleanlab':
        raise InputError('--verified: cleanlab looks at noisy labels; leave it out')
    if args.features and not args.model:
        raise InputError(f'--features {args.features}: is for --model, which is not given')
    if args.out.exists():
        raise InputError(f'{args.out}: is there already; name another folder with --out')


def write_probabilities(args: Namespace, index: LabelIndex, path: Path) -> None:
    """Writes (N, C) probabilities of the classifier, one batch in memory at a time.

    Raises:
        InputError: the images are not those of the subset in the config, or one has no picture.
    """
    import numpy as np

    from mmnoisy.cleaning.streams import NpyStream

    config, checkpoint = args.model
    loading = dict(checkpoint=checkpoint, batch_size=64, num_workers=1)
    args = Namespace(config=config, cfg_options=None, features=args.features, **loading)
    scorer = scorer_of(args, quiet_config_of(args), index.info['subset'])
    if scorer.index.image_ids != index.image_ids:
        raise InputError(
            f'{config}: its images of {index.info["subset"]} are not those of the index; '
            'give the config that the index was made for'
        )
    stream = NpyStream(path, np.float32, scorer.num_classes)
    for rows, scores in scorer([slice(0, len(index))]):
        missing = np.isnan(scores.score[:, 0])
        if missing.any():
            raise InputError(
                f'image {index.image_ids[rows][missing][0]}: has no picture, so there is no '
                'probability for it; export an index without such images'
            )
        stream.append(scores.score)
    stream.close()


def run(args: Namespace) -> None:
    """Exports, and says how much."""
    from mmnoisy.cleaning.exports import CLEANLAB, export_table, layout_of, write_cleanlab
    from mmnoisy.datasets.label_index import LabelIndex
    from mmnoisy.datasets.sources.reading import write_labels

    check_arguments(args)
    index = LabelIndex.open(args.index)
    index.require_one_vocabulary(args.index, 'export the index that tools/clean_labels.py writes')
    kind: Kind = 'verified' if args.verified else 'noisy'
    template = args.template or index.info.get('path_template', TEMPLATE)
    table = export_table(index, template, kind)
    if args.format == CLEANLAB:
        with atomic_folder(args.out) as folder:
            write_cleanlab(table, folder)
            if args.model:
                write_probabilities(args, index, folder / 'pred_probs.npy')
    else:
        layout = {'format': args.format, **layout_of(args.format, index, kind)}
        write_labels(table, args.out, kind, layout)
    what = 'verdicts' if args.verified else 'labels'
    print(f'{len(index):,} images, {len(table.label):,} {what}, written to {args.out}')
