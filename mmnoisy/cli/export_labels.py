r"""Writes the labels of an index, or its verdicts, in the format of another tool.

For example:
    mmnoisy export pets --out tags.parquet
    python tools/export_labels.py cleaned/index --format coco --out coco.json

The ending of --out says the format, where it is that of one format only; else a project's labels
are written in the format that they came in, and those of an index as CSV.

cleanlab also needs the probabilities of a model for all classes of all images:
    python tools/export_labels.py data/tiny-open-images/index/train --format cleanlab \
        --out cleanlab --model configs/joint_tiny.py work_dirs/joint_tiny \
        --features data/tiny-open-images/features

A project writes the labels of all its images under its own names. Of an index paths of pictures
are those that it knows, else {split}/{id}.jpg, or as --template says.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from mmnoisy.cli.parsers import quiet_config_of, scorer_of
from mmnoisy.datasets.pictures.paths import TEMPLATE, check_template
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import atomic_folder
from mmnoisy.wording import counted

if TYPE_CHECKING:
    from mmnoisy.datasets.label_index import LabelIndex
    from mmnoisy.datasets.project import Project
    from mmnoisy.datasets.sources.base import Kind, LabelTable


def add_arguments(parser: ArgumentParser) -> None:
    """Adds what the command line may say."""
    from mmnoisy.cleaning.exports import FORMATS

    parser.add_argument(
        'index', type=Path, metavar='INDEX', help='folder of a label index, or a project'
    )
    parser.add_argument(
        '--format', choices=FORMATS, help='format to write, default what the ending of --out says'
    )
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
    if args.template:
        check_template(args.template)
    if args.model and args.format != 'cleanlab':
        what = f'not for {args.format}' if args.format else 'name it with --format cleanlab'
        raise InputError(f'--model: probabilities are for cleanlab, {what}')
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
    from mmnoisy.cleaning.exports import CLEANLAB, write_cleanlab
    from mmnoisy.datasets.label_index import LabelIndex
    from mmnoisy.datasets.project import Project
    from mmnoisy.datasets.sources.describing import describe
    from mmnoisy.datasets.sources.reading import write_labels

    check_arguments(args)
    kind: Kind = 'verified' if args.verified else 'noisy'
    if (args.index / 'project.json').is_file():
        table = _of_project(args, Project.open(args.index), kind)
    else:
        index = LabelIndex.open(args.index)
        table = _of_index(args, index, kind)
    if args.format == CLEANLAB:
        with atomic_folder(args.out) as folder:
            write_cleanlab(table, folder)
            if args.model:
                write_probabilities(args, index, folder / 'pred_probs.npy')
    else:
        write_labels(table, args.out, kind, table.layout)
    what = counted(len(table.label), 'verdict' if args.verified else 'label')
    number = f'{what} of {counted(len(table.images), "image")}'
    print(f'{args.out}: {number}, {describe(table.layout)}')


def _of_index(args: Namespace, index: LabelIndex, kind: Kind) -> LabelTable:
    """The labels of an index, laid out as they are to be written."""
    from mmnoisy.cleaning.exports import export_table, layout_of
    from mmnoisy.datasets.sources.reading import layout_to_write

    index.require_one_vocabulary(args.index, 'export the index that tools/clean_labels.py writes')
    table = export_table(index, args.template or index.info.get('path_template', TEMPLATE), kind)
    layout = layout_to_write(args.out, None, args.format)
    table.layout = {**layout, **layout_of(layout['format'], index, kind)}
    return table


def _of_project(args: Namespace, project: Project, kind: Kind) -> LabelTable:
    """All labels, or verdicts, of a project, laid out like the file that they came in."""
    import numpy as np

    from mmnoisy.cleaning.own_labels import own_labels
    from mmnoisy.datasets.sources.further_columns import with_columns
    from mmnoisy.datasets.sources.reading import layout_to_write

    if args.model or args.template:
        name = 'model' if args.model else 'template'
        raise InputError(f'--{name}: is for one set, such as {project.index / "train"}')
    indexes = [*project.indexes().values()]
    if kind == 'verified':
        indexes = [index.select(np.diff(index.verdicts.start) > 0) for index in indexes]
    table = own_labels(indexes, kind)
    layout = project.info.get(kind) or {}
    table.layout = layout_to_write(args.out, layout, args.format)
    if kind == 'verified':
        return table
    table.verdicts = own_labels(indexes, 'verified')
    if table.layout['format'] == layout.get('format'):
        table = with_columns(table, project.columns, layout.get('group_column'))
    return table
