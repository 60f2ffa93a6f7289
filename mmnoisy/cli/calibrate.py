r"""Chooses thresholds for each class and calibrates the scores of a checkpoint, on V.

For example:
    python tools/calibrate.py configs/joint_tiny.py work_dirs/joint_tiny \
        --features data/tiny-open-images/features --precision 0.9 --folds 5

writes, beside the checkpoint, iter_1500.calibration.json, which prediction and export then use, and
iter_1500.reliability.png. What is reached is measured on the test set, and on parts of V with what
suits the others; without a test set on the latter alone.

A model that learned from V is too good on it. With --folds K the config is trained K times more,
each time without a part of V, which is then scored; --folds 0 takes the checkpoint's own scores.
Pairs that nobody rated count as absent, since new pictures come without a machine's labels;
--unverified mask leaves them out, for pictures whose labels a machine has proposed.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Sequence

from mmnoisy.cli.parsers import add_checkpoint, add_config, quiet_config_of
from mmnoisy.errors import InputError
from mmnoisy.io.atomic import atomic_write, require_writable

if TYPE_CHECKING:
    import numpy as np

    from mmnoisy.apis import Calibration

METHODS = ('isotonic', 'temperature', 'none')
LOWEST = dict(absent=0.01, mask=0.0)  # of the scores that tell anything


def add_arguments(parser: ArgumentParser) -> None:
    """Adds what the command line may say."""
    add_config(parser)
    add_checkpoint(parser)
    goal = parser.add_mutually_exclusive_group()
    goal.add_argument(
        '--precision', type=float, metavar='P', help='precision that labels are to reach'
    )
    goal.add_argument('--f1', action='store_true', help='thresholds of the best F1 (default)')
    parser.add_argument(
        '--method', choices=METHODS, default='isotonic', help='of calibration, default isotonic'
    )
    parser.add_argument(
        '--prior',
        type=float,
        default=100,
        metavar='K',
        help='pairs like those of all classes that each class gets beside its own, default 100',
    )
    parser.add_argument(
        '--folds',
        type=int,
        default=5,
        metavar='K',
        help='parts of V that a model which learned from V is trained without, default 5',
    )
    parser.add_argument(
        '--unverified',
        choices=[*LOWEST],
        default='absent',
        help='pairs that nobody rated count as absent (default) or are left out',
    )


def check_arguments(args: Namespace) -> None:
    """Refuses numbers that mean nothing.

    Raises:
        InputError: an argument cannot be used.
    """
    if args.precision is not None and not 0 < args.precision <= 1:
        raise InputError(f'--precision {args.precision:g}: is not in (0, 1]; give 0.9, say')
    if not args.prior > 0:
        raise InputError(f'--prior {args.prior:g}: is not above 0; give 100, say')
    if args.folds < 0 or args.folds == 1:
        raise InputError(f'--folds {args.folds}: give 2 or more, or 0 for none')


def choose(args: Namespace, classes: Sequence[str], pairs: np.ndarray) -> Calibration:
    """The calibration that suits some pairs."""
    import numpy as np

    from mmnoisy.apis import Calibration
    from mmnoisy.evaluation.thresholds import choose_thresholds

    tried = pairs[pairs['score'] >= LOWEST[args.unverified]]
    calibration = Calibration.fit([*classes], tried['score'], tried['present'], args.method)
    thresholds = choose_thresholds(
        calibration.apply_to(pairs['score']),
        pairs['present'],
        pairs['class_id'],
        len(classes),
        args.precision,
        args.prior,
        calibration.apply_to(np.array([LOWEST[args.unverified]])).item(),
    )
    return calibration.with_thresholds(thresholds)


def run(args: Namespace) -> None:
    """Scores V and test, chooses, measures and writes."""
    from mmnoisy.apis import calibration_path, load_classifier
    from mmnoisy.apis.calibration_report import (
        applied,
        cross_applied,
        figures,
        reliabilities,
        table,
    )
    from mmnoisy.apis.verified_scores import cross_fitted_scores, verified_scores
    from mmnoisy.engine.sets import as_in_tests, trained_on
    from mmnoisy.engine.trained_model import class_list
    from mmnoisy.reporting.reliability_figure import draw_reliability

    check_arguments(args)
    cfg = quiet_config_of(args)
    model = load_classifier(cfg, args.checkpoint)
    require_writable(Path(args.checkpoint).parent)
    test = None
    if cfg.get('test_set'):
        test = verified_scores(model, cfg, as_in_tests(cfg, 'test'), args.checkpoint)
    folds = args.folds if 'validation' in trained_on(cfg) else 0
    if folds:
        verified = cross_fitted_scores(cfg, folds)
    else:
        verified = verified_scores(model, cfg, as_in_tests(cfg, 'validation'), args.checkpoint)
    sets = {'V': verified}
    if test is not None:
        sets.update({'test': test, 'test, rated pairs': test[test['rated']]})
    if args.unverified == 'mask':
        sets = {name: pairs[pairs['rated']] for name, pairs in sets.items()}
    choose_on = partial(choose, args, class_list(model))
    calibration, lowest = choose_on(sets['V']), LOWEST[args.unverified]
    said = {name: applied(calibration, pairs) for name, pairs in sets.items()}
    notes = [] if test is not None else ['there is no test set: expect what is reached on V']
    try:
        said['V'] = cross_applied(choose_on, sets['V'])
    except InputError:  # most of V is too little to choose by
        notes.append('V is too small to be judged in parts: what is reached there was chosen there')
    reached = {name: figures(pairs, said[name], lowest) for name, pairs in sets.items()}
    goal = 'f1' if args.precision is None else dict(precision=args.precision)
    made = dict(goal=goal, unverified=args.unverified, prior=args.prior, folds=folds)
    path = calibration_path(args.checkpoint)
    picture = Path(args.checkpoint).with_suffix('.reliability.png')
    replace(calibration, figures={**made, **reached}).write(path, args.checkpoint)
    with atomic_write(picture, 'wb') as file:
        name = 'V' if test is None else 'test'
        found = reliabilities(sets[name], said[name], lowest)
        draw_reliability(file, found)
    print(table(reached))
    for note in notes:
        print(note)
    print(f'written: {path}, {picture}')
