r"""Ranks the labels of a data set by what it is worth to ask a human about them.

For example:
    python tools/review_queue.py configs/joint_tiny.py work_dirs/joint_tiny \
        --features data/tiny-open-images/features --out review

writes, into review, review.csv (the labels to ask about, the first ones first), index.html (a page
to judge them on by keyboard, which saves verdicts.csv), verdicts.csv (the same to fill in with 1
and 0 by hand) and quality.csv: how many errors the queue finds among the verdicts of V, beside a
random order, the classifier's score and cleanlab. For this the config is trained once for each fold
of V without it, 5 times by default; finished folds are kept in review/folds.

The file that was saved or filled in is fed back by
    python tools/prepare_openimages.py data/tiny-open-images --extra-human review/verdicts.csv
and in a project, whose queue mmnoisy review pets --size 100 writes into pets/review, by
    mmnoisy import --verdicts pets/review/verdicts.csv --into pets
"""

from __future__ import annotations

import json
import shlex
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any, List, Optional

from mmnoisy.cli.parsers import (
    add_trained_model,
    check_loading,
    out_of,
    project_of,
    quiet_config_of,
    require_test_set,
    scorer_of,
)
from mmnoisy.datasets.pictures.paths import TEMPLATE
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import disk_errors, folder_made_of, write_csv
from mmnoisy.io.lock import lock
from mmnoisy.wording import counted

if TYPE_CHECKING:
    from mmnoisy.cleaning.review.queue import Queue
    from mmnoisy.cleaning.view.pictures import Pictures
    from mmnoisy.datasets.project import Project

VALIDATION, TEST = 'validation, cross-fitted', 'test, held aside'


def add_arguments(parser: ArgumentParser) -> None:
    """Adds what the command line may say."""
    add_trained_model(parser, 'rank')
    parser.add_argument('--size', type=int, default=1000, help='number of labels, default 1000')
    parser.add_argument('--folds', type=int, default=5, help='parts of V to cross-fit, default 5')
    parser.add_argument(
        '--class-share',
        type=float,
        help='share of the queue that one class may take while others are left, default the one '
        'that finds most errors on V',
    )
    parser.add_argument(
        '--images',
        type=Path,
        help='folder of the pictures, for the page; a project and a config on pictures know it',
    )


def check_arguments(args: Namespace) -> None:
    """Refuses numbers that mean nothing.

    Raises:
        InputError: an argument cannot be used.
    """
    check_loading(args)
    if args.size < 1 or args.folds < 2:
        raise InputError(f'--size {args.size} --folds {args.folds}: give at least 1 and 2')
    if args.class_share is not None and not 0 < args.class_share <= 1:
        raise InputError(f'--class-share {args.class_share:g}: is outside (0, 1]; give 0.1, say')


def run(args: Namespace) -> None:
    """Cross-fits, measures, ranks and prints how good the queue is."""
    import numpy as np

    from mmnoisy.cleaning.clean import AGAIN, SHARD_IMAGES, labels_hash, pairs_of_spans
    from mmnoisy.cleaning.cross_fit import cross_fit
    from mmnoisy.cleaning.from_config import provenance
    from mmnoisy.cleaning.pairs import Rule, match_verdicts
    from mmnoisy.cleaning.review.comparison import COLUMNS, compare_orders, comparison_rows
    from mmnoisy.cleaning.review.error_model import ErrorModel, cross_fitted
    from mmnoisy.cleaning.review.queue import (
        best_labels,
        label_scores,
        rated_labels,
        require_unfilled,
        write_queue,
    )
    from mmnoisy.cleaning.review.ranking import best_share, expected_value, fair_share
    from mmnoisy.cleaning.scorer import Scorer
    from mmnoisy.engine.distributed.processes import world_size
    from mmnoisy.engine.distributed.shard_jobs import ALONE, Job
    from mmnoisy.engine.sets import index_folder, set_config
    from mmnoisy.io.shards import Blocks, spans

    check_arguments(args)
    if world_size() > 1:
        raise InputError('review_queue.py: trains in one process; start it without torchrun')
    project = project_of(args.config)
    args.out = out_of(args, 'review')
    require_unfilled(args.out / 'verdicts.csv')
    cfg = quiet_config_of(args)
    if args.subset == 'test':
        require_test_set(project, cfg)
    scorer = scorer_of(args, cfg, args.subset)
    index, num_classes = scorer.index, scorer.num_classes
    mend = 'ask about the labels of an index with one vocabulary'
    index.require_one_vocabulary(index_folder(set_config(cfg, args.subset)), mend)
    # Opened before the folds are trained: a wrong config is to be refused at once.
    validation = scorer_of(args, cfg, 'validation').dataset
    work = args.out
    if project is not None:  # whose model, labels and place change from time to time
        made_of = {**provenance(cfg, scorer, args.subset), 'labels': labels_hash(index)}
        made_of.update(V=labels_hash(validation.index), folds=args.folds)
        made_of['config'] = json.dumps(cfg.to_dict(), sort_keys=True, default=str)
        work = folder_made_of(project.folder / 'cache/review', made_of)
    with lock(args.out), disk_errors(args.out, AGAIN):

        def scores_of(model: Any, images: np.ndarray) -> np.ndarray:
            return label_scores(
                Scorer(model, validation, args.batch_size, args.num_workers), images
            )

        pairs, fold = cross_fit(cfg, args.folds, scores_of, work / 'folds')
        rated, wrong = match_verdicts(pairs, validation.index.verdicts, num_classes)
        pairs, fold, wrong = pairs[rated], fold[rated], wrong[rated]
        model = ErrorModel(pairs, wrong)
        probability = cross_fitted(pairs, wrong, fold)
        share = args.class_share or best_share(
            expected_value(probability, pairs['score']), pairs['label'], wrong, args.size
        )
        quality = compare_orders(pairs, probability, wrong, share, num_classes, args.size)
        asked = {VALIDATION: min(args.size, len(pairs))}
        rows = [[VALIDATION, *row] for row in comparison_rows(quality)]

        made_of = {**provenance(cfg, scorer, args.subset), 'labels': labels_hash(index)}
        rows_of = spans(len(index), SHARD_IMAGES)
        blocks = Blocks(work / f'scores_{args.subset}', made_of, len(rows_of))
        every_class = np.ones(num_classes, bool)
        compute = pairs_of_spans(scorer, Rule(max_added=0), every_class, SHARD_IMAGES)
        sizes = [span.stop - span.start for span in rows_of]
        ALONE.compute(Job(blocks, sizes, compute, what='scoring'))
        if args.subset == 'test':
            held_aside, verdicts = rated_labels(blocks, SHARD_IMAGES, index)
            found = compare_orders(
                held_aside, model(held_aside), verdicts, share, num_classes, args.size
            )
            asked[TEST] = min(args.size, len(held_aside))
            rows += [[TEST, *row] for row in comparison_rows(found)]
        queue = best_labels(blocks, SHARD_IMAGES, model, args.size, share)
        write_queue(queue, index, args.out)
        _write_page(args, queue, scorer.dataset, project)
        write_csv(args.out / 'quality.csv', ('verdicts', *COLUMNS), rows)
    for row in rows:
        if int(row[2]) == asked[row[0]]:
            print(
                f'{row[0]}: {row[1]}: {row[3]} errors in {counted(int(row[2]), "label")} '
                f'({row[6]} x random)'
            )
    print(
        f'{counted(len(queue.pairs), "label")} to ask about, written to {args.out}; while others '
        f'are left, a class takes {max(share, fair_share(index.noisy.label)):.0%} at most'
    )
    print(f'give verdicts in a browser: {args.out / "index.html"}')


def _write_page(args: Namespace, queue: Queue, dataset: Any, project: Optional[Project]) -> None:
    """Writes the page of a queue, with the pictures if it is known where they are."""
    from mmnoisy.cleaning.review.page import asked_about, write_review
    from mmnoisy.cleaning.view.pictures import addresses

    pictures = _pictures_of(args, dataset, project)
    ids = dataset.index.image_ids[queue.pairs['image']]
    found: List[Optional[str]] = [None] * len(ids)
    if pictures is not None:
        found = addresses(pictures, ids, args.out)
    if None in found:
        print(
            f'of {counted(len(found), "picture")} {found.count(None):,} cannot be found, so that '
            'the page has names in their place; give their folder with --images',
            file=sys.stderr,
        )
    back = 'tools/prepare_openimages.py FOLDER --extra-human verdicts.csv'
    if project is not None:
        folder = shlex.quote(str(project.folder))
        back = f'mmnoisy import --verdicts verdicts.csv --into {folder}'
    labels = asked_about(queue, dataset.index, found)
    write_review(args.out / 'index.html', 'Labels to check', labels, back)


def _pictures_of(args: Namespace, dataset: Any, project: Optional[Project]) -> Optional[Pictures]:
    """Where the pictures of a set are; None where nobody says so."""
    from mmnoisy.cleaning.view.pictures import Pictures

    index = dataset.index
    root = getattr(dataset, 'img_prefix', None)
    if args.images is not None:
        return Pictures(args.images, [index.info.get('path_template', TEMPLATE)], index)
    if project is not None and project.pictures is not None:
        return Pictures(project.pictures, [index.template], index)
    if not root or '://' in root:
        return None
    return Pictures(Path(root), dataset.templates, index)
