"""A training step with each cleaning network: how its cost grows with the classes.

A step is forward, losses, backward and Adam, of the classifier and the cleaning network, on
features. 'plain' has the classifier alone and 'concat' the network of the paper; the others are its
fusions, 'logit' is LogitCleaningHead, and 'dense' a network whose embedding of the labels has full
rank, so that its weights grow with the square of the classes. Every one is timed in turns with
'concat', and 'concat' with 'plain'. The result is that of the dearest but 'dense', at the most
classes; its growth is the exponent of the classes in the time, 1 where that is linear.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from math import log
from typing import Any, Callable, Dict, List, Tuple

import numpy as np
import torch
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS

from benchmarks.memory import peak_memory
from benchmarks.numbers import require_at_least
from benchmarks.timing import in_turns, result
from mmnoisy.engine.devices import pick_device
from mmnoisy.errors import InputError
from mmnoisy.label_batch import LabelBatch, SparseLabels
from mmnoisy.models.heads.fusion import FUSIONS

GOAL = 1.5
GROWTH_GOAL = 1.1
VERIFIED = 0.1  # share of the images of a batch
DENSE_CLASSES = 10_000  # more of them take gigabytes
HEADS: Dict[str, Dict[str, Any]] = {
    **{name: dict(fusion=name) for name in FUSIONS},
    'logit': dict(type='LogitCleaningHead'),
    'dense': {},
}


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the options of this benchmark."""
    sizes = [516, 6_012, 50_000]
    parser.add_argument(
        '--classes', type=int, nargs='+', default=sizes, help='default 516 6012 50000'
    )
    parser.add_argument('--dim', type=int, default=1280, help='width of features, default 1,280')
    parser.add_argument('--labels', type=int, default=8, help='of an image, default 8')
    parser.add_argument('--batch-size', type=int, default=256, help='default 256')
    parser.add_argument('--repeats', type=int, default=3, help='default 3')
    parser.add_argument('--memory', action='store_true', help='at the most classes, too')
    parser.add_argument('--device', help='default: the GPU if there is one')


def run(args: Namespace) -> dict:
    """Times steps of all.

    Raises:
        InputError: a number is too small, there are not two numbers of classes, or no such device.
    """
    sizes = sizes_of(args)
    args.device = pick_device(args.device)
    seconds: Dict[str, Dict[int, float]] = {name: {} for name in ('plain', *HEADS)}
    ratios: Dict[str, float] = {}
    figures: Dict[str, Any] = {}
    for classes in sizes:
        for name in HEADS:
            if name == 'dense' and classes > DENSE_CLASSES:
                continue
            beside = 'plain' if name == 'concat' else 'concat'
            ours, alternative = timed(name, beside, classes, args)
            if beside == 'plain':
                figures[f'plain_{classes}'] = seconds['plain'][classes] = alternative
            figures[f'{name}_{classes}'] = seconds[name][classes] = ours
            figures[f'{name}_{classes}_to_{beside}'] = ratios[name] = ours / alternative
    growth = {name: exponent(of) for name, of in seconds.items() if len(of) > 1}
    others = [name for name in HEADS if name not in ('concat', 'dense')]
    dearest = max(others, key=ratios.__getitem__)
    largest = max(growth[name] for name in ('concat', *others))
    if args.memory:
        for name, of in seconds.items():
            if sizes[-1] in of:
                figures[f'{name}_peak_mb'] = peak_memory(step_of, name, sizes[-1], args)
    ours = seconds[dearest][sizes[-1]]
    return result(
        'cleaner',
        ours,
        ours / ratios[dearest],
        GOAL,
        dearest=dearest,
        largest_growth=largest,
        growth_goal=GROWTH_GOAL,
        growth_holds=largest <= GROWTH_GOAL,
        **{f'{name}_growth': value for name, value in growth.items()},
        **figures,
        dim=args.dim,
        labels=args.labels,
        batch_size=args.batch_size,
        repeats=args.repeats,
        device=torch.cuda.get_device_name() if args.device.startswith('cuda') else args.device,
    )


def sizes_of(args: Namespace) -> List[int]:
    """The numbers of classes, rising.

    Raises:
        InputError: there are not two of them, or a number is too small.
    """
    require_at_least(args, dim=1, labels=1, batch_size=1, repeats=1)
    sizes = sorted({*args.classes})
    if len(sizes) < 2 or sizes[0] < args.labels:
        given = ' '.join(map(str, args.classes))
        raise InputError(
            f'--classes {given}: give two or more numbers, of at least {args.labels} (--labels)'
        )
    return sizes


def timed(name: str, beside: str, classes: int, args: Namespace) -> Tuple[float, float]:
    """Seconds of a step with one cleaning head and with another, in turns."""
    return in_turns(step_of(name, classes, args), step_of(beside, classes, args), args.repeats)


def exponent(seconds: Dict[int, float]) -> float:
    """By which power of the classes the time grows between the two largest numbers of them."""
    (fewer, before), (more, after) = sorted(seconds.items())[-2:]
    return log(after / before) / log(more / fewer)


def step_of(name: str, classes: int, args: Namespace) -> Callable[[], None]:
    """A function that trains one step of a new model, with the cleaning head ``name``."""
    MMLogger.get_instance('benchmark').setLevel('WARNING')
    init_default_scope('mmpretrain')
    torch.manual_seed(0)
    model = model_of(name, classes, args.dim).to(args.device).train()
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    features = torch.randn(args.batch_size, args.dim).to(args.device)
    labels = labels_of(classes, args).to(args.device)

    def step() -> None:
        loss = torch.stack([*model.loss(features, labels).values()]).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if args.device.startswith('cuda'):
            torch.cuda.synchronize()

    return step


def model_of(name: str, classes: int, dim: int) -> Any:
    """The joint model on features with another cleaning head, or the classifier alone."""
    sizes = dict(num_classes=classes, in_channels=dim)
    settings = dict(embed_dims=classes) if name == 'dense' else HEADS.get(name, {})
    paper = dict(type='LabelCleaningHead', act_cfg=dict(type='ReLU'))
    cleaner = {**settings} if 'type' in settings else {**paper, **settings}
    model = MODELS.build(
        dict(
            type='DualHeadClassifier',
            backbone=dict(type='PrecomputedFeatures', channels=dim),
            head=dict(type='MultiLabelLinearClsHead', **sizes),
            cleaning_head=None if name == 'plain' else {**cleaner, **sizes},
        )
    )
    model.init_weights()
    return model


def labels_of(classes: int, args: Namespace) -> LabelBatch:
    """Random labels; the last tenth of the images has verdicts on them."""
    rng = np.random.default_rng(0)
    rows = [np.sort(rng.choice(classes, args.labels, False)) for _ in range(args.batch_size)]
    label = torch.from_numpy(np.concatenate(rows))
    start = torch.arange(args.batch_size + 1) * args.labels
    first = round((1 - VERIFIED) * args.batch_size) * args.labels
    present = torch.from_numpy(rng.random(len(label) - first) < 0.7)
    verdicts = SparseLabels((start - first).clamp(min=0), label[first:], present)
    return LabelBatch(SparseLabels(start, label, torch.ones(len(label))), verdicts)
