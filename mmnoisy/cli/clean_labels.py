r"""Cleans the labels of a data set with a trained model, and writes them as a data set again.

For example:
    python tools/clean_labels.py configs/joint_tiny.py work_dirs/joint_tiny \
        --features data/tiny-open-images/features --out cleaned

writes, into cleaned, the labels as an index to train on and as Open Images CSV, changes.csv (every
label before and after) and counts.csv (by class). The labels are those of T, the config's
`noisy_set`, looked at through its pictures or its feature bank. The same command goes on
where a run was ended; `torchrun --nproc_per_node=8 tools/clean_labels.py ...`, --shards and --ray
share the work.

Of a project all images are cleaned, verdicts take the place of labels, and --out is a file:
    mmnoisy clean pets --out cleaned.csv
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from mmnoisy.cli.parsers import (
    add_trained_model,
    check_loading,
    out_of,
    project_of,
    quiet_config_of,
    scorer_of,
)
from mmnoisy.cli.sharing import add_sharing, locked, tell_share, workers_of
from mmnoisy.errors import InputError
from mmnoisy.wording import counted

if TYPE_CHECKING:
    from mmengine.config import Config

    from mmnoisy.cleaning.scorer import Scorer
    from mmnoisy.datasets import LabelIndex
    from mmnoisy.datasets.project import Project
    from mmnoisy.engine.distributed.shard_jobs import Workers


def add_arguments(parser: ArgumentParser) -> None:
    """Adds what the command line may say."""
    add_trained_model(parser, 'clean')
    parser.add_argument(
        '--classes',
        nargs='+',
        metavar='FILE_OR_MID',
        help='clean these classes only, MIDs or a file with one on each line; others stay',
    )
    parser.add_argument(
        '--threshold',
        type=float,
        default=0.5,
        help='a label is present from this cleaned value on, default 0.5',
    )
    parser.add_argument(
        '--max-added-per-image', type=int, metavar='K', help='add at most K labels to an image'
    )
    parser.add_argument(
        '--soft',
        action='store_true',
        help='write cleaned values as confidences, to train with model.soft_labels=True',
    )
    parser.add_argument(
        '--format',
        help='of the labels of a project in --out, default what its ending says, or that of its '
        'noisy labels',
    )
    add_sharing(parser, 'the data set')


def check_arguments(args: Namespace) -> None:
    """Refuses numbers that mean nothing.

    Raises:
        InputError: an argument cannot be used.
    """
    check_loading(args)
    if not 0 <= args.threshold <= 1:
        raise InputError(f'--threshold {args.threshold:g}: is outside [0, 1]; give 0.5, say')
    if args.max_added_per_image is not None and args.max_added_per_image < 0:
        raise InputError(f'--max-added-per-image {args.max_added_per_image}: give 0 or more')


def check_labels_out(args: Namespace, project: Project) -> None:
    """Refuses a file of cleaned labels that could not be written at the end of the work.

    Raises:
        InputError: its format is unknown or read only, or its folder takes no file.
    """
    from mmnoisy.datasets.sources.reading import require_written
    from mmnoisy.io.atomic import require_writable

    if args.out is None:
        if args.format:
            raise InputError(f'--format {args.format}: is that of --out FILE, which is not given')
        return
    require_writable(args.out.parent)
    indexes = [*project.indexes().values()]
    ids = [image_id for index in indexes for image_id in index.image_ids]
    require_written(args.out, project.info['noisy'], args.format, ids, indexes[0].classes)


def run(args: Namespace) -> None:
    """Cleans and prints what became of the labels."""
    from mmengine.dist import get_rank

    from mmnoisy.engine.distributed.processes import join_processes

    check_arguments(args)
    workers = workers_of(args, args.num_workers)
    project = project_of(args.config)
    if project is not None and (args.parquet or args.shards):
        raise InputError('--parquet, --shards: are for a config; of a project leave them out')
    if project is not None and args.subset != 'train':
        raise InputError(f'--subset {args.subset}: of a project all sets are cleaned; leave it out')
    if project is None and args.format:
        raise InputError(f'--format {args.format}: is for the labels of a project; leave it out')
    out = out_of(args, 'cleaned') if project is None else project.folder / 'cleaned'
    if project is not None:
        check_labels_out(args, project)
    cfg = quiet_config_of(args)
    join_processes()
    if not cfg.model.get('cleaning_head'):
        raise InputError(
            f'{args.config}: its model has no cleaning_head, so it cannot clean labels; give the '
            'config of the joint model, such as configs/joint_openimages.py'
        )
    with locked(args, out):
        if project is None:
            _clean(args, cfg, args.subset, out, workers)
            if get_rank() == 0:
                tell_share(args, out)
        else:
            _clean_project(args, cfg, project, out, workers)


def _clean(
    args: Namespace,
    cfg: Config,
    subset: str,
    out: Path,
    workers: Workers,
) -> Optional[LabelIndex]:
    """Cleans one set; None in all processes but the first, and where it is left at shards."""
    import numpy as np

    from mmnoisy.cleaning.clean import Cleaning, clean
    from mmnoisy.cleaning.from_config import provenance
    from mmnoisy.cleaning.pairs import Rule
    from mmnoisy.datasets.release.class_files import chosen_classes
    from mmnoisy.engine.sets import index_folder, set_config

    scorer = scorer_of(args, cfg, subset)
    classes = scorer.index.classes
    cleaned = np.isin(classes, chosen_classes(args.classes, classes) if args.classes else classes)
    rule = Rule(args.threshold, args.max_added_per_image, args.soft)
    source = index_folder(set_config(cfg, subset))
    made_of = provenance(cfg, scorer, subset)
    how = Cleaning(rule, cleaned, made_of, args.shard_images)
    index = clean(
        scorer, source, out, how, workers, partial(_again, args, subset), not args.parquet
    )
    if index is not None:
        made = index.info['cleaned']
        before = made['kept'] + made['removed']
        print(
            f'{counted(len(index), "image")}, {counted(before, "label")}: {made["kept"]:,} kept, '
            f'{made["removed"]:,} removed, {made["added"]:,} added'
        )
        print(f'written to {out}')
    return index


def _again(args: Namespace, subset: str) -> Scorer:
    """Who cleans a set, in a process of another machine."""
    return scorer_of(args, quiet_config_of(args), subset)


def _clean_project(
    args: Namespace, cfg: Config, project: Project, out: Path, workers: Workers
) -> None:
    """Cleans all sets, and writes their labels, with the verdicts, as the owner's file has them."""
    from mmnoisy.cleaning.clean import labels_hash
    from mmnoisy.cleaning.own_labels import own_labels, with_verdicts
    from mmnoisy.datasets.sources.describing import describe
    from mmnoisy.datasets.sources.further_columns import with_columns
    from mmnoisy.datasets.sources.reading import layout_to_write, write_labels
    from mmnoisy.engine.sets import SETS
    from mmnoisy.io.atomic import folder_made_of

    indexes = project.indexes()
    made_of = {
        'labels': {subset: labels_hash(index) for subset, index in indexes.items()},
        'model': Path(args.checkpoint).stat().st_mtime_ns,
        'rule': [args.threshold, args.max_added_per_image, args.soft, args.classes],
    }
    folder_made_of(out, made_of)
    cleaned = []
    for subset, index in indexes.items():
        if cfg.get(SETS[subset]):
            cleaned.append(_clean(args, cfg, subset, out / subset, workers))
        else:  # a test set without a present label, which mmnoisy run leaves out
            print(f'labels and verdicts stay on {counted(len(index), "image")} of the {subset} set')
            cleaned.append(index)
    if args.out is not None and all(index is not None for index in cleaned):
        pairs = zip(cleaned, indexes.values())
        labels = own_labels([with_verdicts(now, was) for now, was in pairs if now is not None])
        layout = project.info['noisy']
        written = layout_to_write(args.out, layout, args.format)
        if written['format'] == layout['format']:
            labels = with_columns(labels, project.columns, layout.get('group_column'))
        write_labels(labels, args.out, 'noisy', written)
        number = f'{counted(len(labels.value), "label")} of {counted(len(labels.images), "image")}'
        print(f'{args.out}: {number}, {describe(written)}')
