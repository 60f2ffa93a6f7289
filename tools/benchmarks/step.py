"""A training step: the joint model against MMPretrain's plain multi-label classifier.

Both have the same backbone, weights, optimizer and batch, and are trained in turns; the plain
classifier is ``ImageClassifier`` with ``MultiLabelLinearClsHead`` on the noisy labels. Memory is
what the process has more at the peak of a step than before it was built.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any, Callable, Dict, List

import numpy as np
import torch
from mmengine.logging import MMLogger
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from benchmarks.memory import peak_memory
from benchmarks.numbers import require_at_least
from benchmarks.timing import in_turns, result
from mmnoisy.engine.devices import pick_device

GOAL = 1.05
MEMORY_GOAL = 1.1
BACKBONES: Dict[str, Any] = {
    'resnet18': (dict(type='ResNet', depth=18), 512),
    'inception_v3': (dict(type='InceptionV3Features'), 2048),
}
LABELS = 8
VERIFIED = 0.1  # share of the images of a batch


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the options of this benchmark."""
    parser.add_argument('--backbone', choices=BACKBONES, default='resnet18')
    parser.add_argument('--size', type=int, default=128, help='of a picture, default 128')
    parser.add_argument('--classes', type=int, default=516, help='default 516')
    parser.add_argument('--batch-size', type=int, default=20, help='default 20')
    parser.add_argument('--repeats', type=int, default=7, help='default 7')
    parser.add_argument('--device', help='default: the GPU if there is one')


def run(args: Namespace) -> dict:
    """Times steps of both.

    Raises:
        InputError: a number is too small, or there is no such device.
    """
    require_at_least(args, size=75, classes=LABELS, batch_size=1, repeats=1)
    args.device = pick_device(args.device)
    ours, alternative = in_turns(step_of('joint', args), step_of('plain', args), args.repeats)
    memory = [peak_memory(step_of, kind, args) for kind in ('joint', 'plain')]
    return result(
        'step',
        ours,
        alternative,
        GOAL,
        ours_images_per_second=args.batch_size / ours,
        ours_peak_mb=memory[0],
        alternative_peak_mb=memory[1],
        memory_ratio=memory[0] / memory[1],
        memory_goal=MEMORY_GOAL,
        memory_holds=memory[0] / memory[1] <= MEMORY_GOAL,
        backbone=args.backbone,
        size=args.size,
        classes=args.classes,
        batch_size=args.batch_size,
        device=args.device,
    )


def step_of(kind: str, args: Namespace) -> Callable[[], None]:
    """A function that trains one step of a new model."""
    MMLogger.get_instance(f'benchmark {kind}', log_level='WARNING')
    init_default_scope('mmpretrain')
    torch.manual_seed(0)
    backbone, width = BACKBONES[args.backbone]
    head = dict(type='MultiLabelLinearClsHead', num_classes=args.classes, in_channels=width)
    cfg: Dict[str, Any] = dict(type='ImageClassifier', backbone=backbone, head=head)
    if args.backbone == 'resnet18':
        cfg['neck'] = dict(type='GlobalAveragePooling')
    cfg['data_preprocessor'] = dict(mean=[127.5] * 3, std=[127.5] * 3, num_classes=args.classes)
    if kind == 'joint':
        cleaner = dict(type='LabelCleaningHead', num_classes=args.classes, in_channels=width)
        cfg.update(type='DualHeadClassifier', cleaning_head=cleaner)
    else:
        cfg['data_preprocessor']['to_onehot'] = True
    model = MODELS.build(cfg).to(args.device).train()
    wrapper = OptimWrapper(torch.optim.RMSprop(model.parameters(), lr=1e-4, momentum=0.9))
    data = batch_of(args)

    def step() -> None:
        model.train_step(data, wrapper)
        if args.device.startswith('cuda'):
            torch.cuda.synchronize()

    return step


def batch_of(args: Namespace) -> dict:
    """Random pictures and labels; a tenth of the images has verdicts on its noisy labels."""
    rng = np.random.default_rng(0)
    samples: List[DataSample] = []
    for k in range(args.batch_size):
        noisy = rng.choice(args.classes, LABELS, replace=False)
        sample = DataSample().set_gt_label(noisy)
        rated = noisy if k >= (1 - VERIFIED) * args.batch_size else noisy[:0]
        present = rng.random(len(rated)) < 0.7
        sample.set_field(noisy, 'noisy_label')
        sample.set_field(rated[present], 'verified_pos')
        sample.set_field(rated[~present], 'verified_neg')
        samples.append(sample)
    shape = (args.batch_size, 3, args.size, args.size)
    return dict(inputs=torch.randint(256, shape, dtype=torch.uint8), data_samples=samples)
