"""Labels for new pictures.

For example:
    python tools/predict.py configs/joint_tiny.py CHECKPOINT photos --out labels.csv

writes every label whose score reaches the threshold of its class: those that tools/calibrate.py
has left beside the checkpoint, else 0.5. A folder is read with its folders; of a video the first
of every so many frames; Parquet and tar files (WebDataset), or a folder of them, file by file. What
is no picture, or cannot be read, is counted by reason. The same command goes on where a run was
ended; `torchrun --nproc_per_node=8 tools/predict.py ...`, --shards and --ray share the work.

Of a project the labels are written in its own names and in the form of its file of noisy labels:
    mmnoisy predict pets new_photos --out new.csv
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, ContextManager, Dict, List, Optional

from mmnoisy.cli.parsers import add_checkpoint, add_config, project_of, quiet_config_of
from mmnoisy.cli.sharing import add_sharing, locked, tell_share, workers_of
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import require_writable
from mmnoisy.wording import counted

if TYPE_CHECKING:
    from mmnoisy.apis import MultiLabelInferencer
    from mmnoisy.apis.picture_shards import PictureShard
    from mmnoisy.apis.pictures import LeftOut
    from mmnoisy.apis.prediction_files import Add
    from mmnoisy.apis.prediction_shards import Batches
    from mmnoisy.io.shards import Shards


def add_arguments(parser: ArgumentParser) -> None:
    """Adds what the command line may say."""
    add_config(parser, features=False)
    add_checkpoint(parser)
    parser.add_argument(
        'inputs',
        metavar='IMAGE_OR_FOLDER',
        help='picture, video, Parquet or tar file, or a folder of them',
    )
    parser.add_argument('--out', type=Path, required=True, help='file to write, .csv or .jsonl')
    parser.add_argument(
        '--format',
        help='of the labels of a project, default what the ending of --out says, or that of its '
        'noisy labels',
    )
    parser.add_argument('--threshold', type=float, help='one threshold for all classes, in [0, 1]')
    parser.add_argument(
        '--every', type=int, default=1, metavar='N', help='one frame in N of a video'
    )
    parser.add_argument('--batch-size', type=int, default=32, help='pictures at once, default 32')
    parser.add_argument('--device', help='default the GPU, if there is one')
    add_sharing(parser, 'the file')


def run(args: Namespace) -> None:
    """Predicts, writes, and says what could not be read."""
    from mmengine.dist import get_rank

    from mmnoisy.apis.picture_shards import picture_shards
    from mmnoisy.apis.prediction_files import own_prediction_file, prediction_file
    from mmnoisy.apis.prediction_shards import Batches, prediction_tables, shown
    from mmnoisy.datasets.sources.reading import require_written
    from mmnoisy.engine.distributed.processes import join_processes
    from mmnoisy.engine.distributed.shard_jobs import Job
    from mmnoisy.io.shards import Shards

    if args.batch_size < 1:
        raise InputError(f'--batch-size {args.batch_size}: give at least 1')
    workers = workers_of(args)
    own = _own_form(args)
    require_writable(args.out.parent)
    left_out: List[LeftOut] = []
    pictures = picture_shards(args.inputs, args.shard_images, left_out)
    inferencer = inferencer_of(args)
    batches = Batches(args.batch_size, args.every, _root(args.inputs, pictures))
    classes = inferencer.label_names
    if own is not None:
        files = [shown(path, batches.root) for one in pictures for path in one.files]
        require_written(args.out, images=files or ['a.jpg'], classes=classes, **own)
    unfinished = args.out if args.parquet else args.out.with_name(f'.{args.out.name}.unfinished')
    join_processes()
    with locked(args, args.out):
        made_of = _made_of(inferencer, pictures, batches)
        shards = Shards(unfinished, made_of, [one.name for one in pictures])
        job = Job(
            shards,
            [one.size for one in pictures],
            prediction_tables(inferencer, pictures, batches),
            lambda: prediction_tables(inferencer_of(args), pictures, batches),
            'labelling',
        )
        if workers.compute(job) and not args.parquet:
            file = (
                prediction_file(args.out)
                if own is None
                else own_prediction_file(args.out, classes, **own)
            )
            _put_together(args, shards, left_out, file)
        elif get_rank() == 0:
            tell_share(args, args.out)


def inferencer_of(args: Namespace) -> MultiLabelInferencer:
    """The classifier, here or on another machine."""
    from mmnoisy.apis import MultiLabelInferencer

    cfg = quiet_config_of(args)
    return MultiLabelInferencer(cfg, args.checkpoint, args.device, thresholds=args.threshold)


def _made_of(
    inferencer: MultiLabelInferencer, pictures: List[PictureShard], batches: Batches
) -> Dict[str, Any]:
    """What the labels depend on, as JSON holds it."""
    from mmnoisy.engine.feature_extraction import weights_hash
    from mmnoisy.io.arrays import arrays_hash
    from mmnoisy.io.texts import Texts

    names = Texts.of(text for one in pictures for text in (*one.files, one.table or ''))
    return {
        'weights': weights_hash([inferencer.model]),
        'transforms': json.dumps(inferencer.transforms, default=str),
        'thresholds': [inferencer.thresholds.tolist(), inferencer.calibration.method],
        'pictures': arrays_hash(names.arrays()),
        **batches._asdict(),
    }


def _root(inputs: str, pictures: List[PictureShard]) -> Optional[str]:
    """The folder below which pictures are named; None for those that are no files."""
    if pictures[0].table is not None:
        return None
    return inputs if os.path.isdir(inputs) else os.path.dirname(inputs) or '.'


def _own_form(args: Namespace) -> Optional[Dict[str, Any]]:
    """The layout and the format of the file of a project; None for any other.

    Raises:
        InputError: the format cannot be written.
    """
    from mmnoisy.apis.prediction_files import check_suffix, own_layout
    from mmnoisy.datasets.sources.reading import require_written

    project = project_of(args.config)
    if args.format and (project is None or args.parquet):
        raise InputError(f'--format {args.format}: is for a file of a project; leave it out')
    if project is not None and not args.parquet:
        own = dict(layout=own_layout(project.info['noisy']), format=args.format)
        require_written(args.out, **own)
        return own
    if not args.parquet:
        check_suffix(args.out)
    return None


def _put_together(
    args: Namespace, shards: Shards, left_out: List[LeftOut], file: ContextManager[Add]
) -> None:
    """Writes the file of all shards, and says what is in it."""
    from mmnoisy.apis.prediction_shards import labels_of_table

    count = 0
    with file as add:
        for table in shards:
            for name, labels in labels_of_table(table, left_out):
                add(name, labels)
                count += 1
        if not count:
            shutil.rmtree(shards.folder)
            raise InputError(f'{args.inputs}: no picture in it can be read, as {left_out[0].error}')
    shutil.rmtree(shards.folder)
    print(f'{args.out}: labels of {counted(count, "picture")}')
    if left_out:
        reasons = Counter(one.reason for one in left_out).most_common()
        told = ', '.join(f'{number:,} {reason}' for reason, number in reasons)
        print(
            f'{count:,} labelled, {len(left_out):,} not: {told}; the first: {left_out[0].error}',
            file=sys.stderr,
        )
