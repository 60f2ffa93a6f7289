"""Training on a feature bank: the loop of compare.py against a bare loop in PyTorch.

Both train the joint model on the same batches of the same made-up features and labels, with Adam,
and end with the same weights. The bare loop knows the order of the images beforehand and keeps
all labels dense in memory, which no data set of millions of images allows.
"""

from __future__ import annotations

import copy
import tempfile
from argparse import ArgumentParser, Namespace
from itertools import islice
from pathlib import Path
from typing import Any, Callable, List, NamedTuple

import numpy as np
import torch
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmnoisy.experiments.banks import Banks
from mmnoisy.experiments.recipes import Recipe, default_recipe
from mmnoisy.experiments.training import endless, parameter_groups, train
from torch.nn import functional as F

from benchmarks.numbers import require_at_least
from benchmarks.timing import in_turns, result
from mmnoisy.datasets import FeatureBank, LabelIndex
from mmnoisy.datasets.csr import Csr, class_type
from mmnoisy.engine.devices import pick_device
from mmnoisy.experiments.systems import RATIO, SYSTEMS, build_model
from mmnoisy.models import DualHeadClassifier
from mmnoisy.models.label_cleaning_head import clip_unit

GOAL = 1.15
LABELS = 8  # of an image, as in Open Images
PAPER_IMAGES = 128e6  # seen in the training of one row of Table 2 (section 4.4)
SEED = 0


class Dense(NamedTuple):
    """T and V as a bare loop likes them, on the device.

    Attributes:
        features: (N, D) float16.
        noisy: y, (N, C) bool.
        verified: v, (N, C) bool.
        known: (N, 1) bool, true for the images of V.
    """

    features: torch.Tensor
    noisy: torch.Tensor
    verified: torch.Tensor
    known: torch.Tensor


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the options of this benchmark."""
    parser.add_argument('--dim', type=int, default=1280, help='width of features, default 1,280')
    parser.add_argument('--classes', type=int, default=516, help='default 516')
    parser.add_argument('--batch-size', type=int, default=256, help='default 256; the paper has 32')
    parser.add_argument('--images', type=int, default=10_000, help='of T and V, default 10,000')
    parser.add_argument('--steps', type=int, default=40, help='of a training, default 40')
    parser.add_argument('--repeats', type=int, default=5, help='default 5')
    parser.add_argument('--device', help='default: the GPU if there is one')


def run(args: Namespace) -> dict:
    """Times both trainings.

    Raises:
        InputError: a number is too small, or there is no such device.
    """
    require_at_least(args, dim=1, classes=LABELS, batch_size=1, images=20, steps=1, repeats=1)
    device = pick_device(args.device)
    MMLogger.get_instance('benchmark', log_level='WARNING')
    init_default_scope('mmpretrain')
    torch.manual_seed(SEED)
    system = SYSTEMS['joint']
    with tempfile.TemporaryDirectory() as name:
        banks = make_banks(Path(name), args.images, args.dim, args.classes, device)
        model = build_model(system, args.classes, args.dim).to(device)
        rates = default_recipe(system, args.images, args.batch_size)
        recipe = Recipe(args.steps, rates.lr, rates.bias_lr, rates.cleaning_lr, args.batch_size)
        data = banks.mix(system.sources, np.arange(banks.num_verified))
        ours, bare = copy.deepcopy(model), copy.deepcopy(model)
        order = list(islice(endless(data, RATIO, SEED), recipe.steps * recipe.batch_size))
        images = torch.tensor(order, device=device).view(recipe.steps, recipe.batch_size)
        dense = to_dense(banks, args.classes)

        def from_the_start(trained: DualHeadClassifier, training: Callable[[], object]) -> Any:
            def call() -> None:
                trained.load_state_dict(model.state_dict())
                training()

            return call

        seconds, alternative = in_turns(
            from_the_start(ours, lambda: train(ours, data, banks.scaling, recipe, SEED, RATIO)),
            from_the_start(bare, lambda: bare_training(bare, dense, banks, recipe, images)),
            args.repeats,
        )
    per_second = args.steps * args.batch_size / seconds
    return result(
        'heads',
        seconds,
        alternative,
        GOAL,
        largest_difference=largest_difference(ours, bare),
        samples_per_second=per_second,
        hours_of_the_paper=PAPER_IMAGES / per_second / 3600,
        dim=args.dim,
        classes=args.classes,
        batch_size=args.batch_size,
        device=torch.cuda.get_device_name(device) if device.startswith('cuda') else device,
    )


def make_banks(root: Path, images: int, dim: int, classes: int, device: str) -> Banks:
    """Random sets: nine tenths of the images are T, a tenth V, and a few more test."""
    rng = np.random.default_rng(SEED)
    num_verified = images // 10
    sizes = dict(train=images - num_verified, validation=num_verified, test=10)
    ids = 0
    for name, size in sizes.items():
        image_ids = np.arange(ids, ids + size, dtype=np.uint64)
        ids += size
        # Ascending classes, each at most once: one from each of as many equal parts.
        part = classes // LABELS
        label = rng.integers(part, size=(size, LABELS)) + part * np.arange(LABELS)
        label = label.ravel().astype(class_type(classes))
        start = np.arange(size + 1) * LABELS
        noisy = Csr(start, label, np.ones(len(label), np.float32))
        verdicts = Csr(start, label, rng.random(len(label)) < 0.7)
        if name == 'train':
            verdicts = Csr(np.zeros_like(start), label[:0], np.zeros(0, bool))
        names = [f'/m/{k:06d}' for k in range(classes)]
        info = dict(classes=names, class_names=names, class_categories=[], files=[])
        LabelIndex(image_ids, noisy, verdicts, info).write(root / 'index' / name)
        bank = FeatureBank.create(root / 'features' / name, image_ids, 1, dim, {})
        features = rng.exponential(size=(size, 1, dim)).astype(np.float32)
        bank.write(np.arange(size), features)
    return Banks(root / 'index', root / 'features', device)


def to_dense(banks: Banks, classes: int) -> Dense:
    """The images of T and after them those of V."""
    parts: List[Dense] = []
    for name in ('T', 'V'):
        source = banks.source(name)
        batch = source.__getitems__(range(len(source)))
        noisy, present = torch.zeros(2, len(source), classes, dtype=torch.bool)
        noisy[tuple(batch['data_samples'].cells('noisy_label'))] = True
        present[tuple(batch['data_samples'].cells('verified_pos'))] = True
        known = torch.full((len(source), 1), name == 'V')
        parts.append(Dense(batch['inputs'], noisy, present, known))
    return Dense(*(torch.cat(arrays).to(banks.device) for arrays in zip(*parts)))


def bare_training(
    model: DualHeadClassifier, data: Dense, banks: Banks, recipe: Recipe, images: torch.Tensor
) -> None:
    """Eq. 1 to 3 without a class around them.

    Args:
        model: gives the weights.
        data: all of it.
        banks: give the mean and the scale of the features.
        recipe: of the training.
        images: (steps, batch size) int64, the order.
    """
    h, g = model.head.fc, model.cleaning_head
    assert g is not None
    mean, scale = banks.scaling.to(images.device)
    optimizer = torch.optim.Adam(parameter_groups(model, recipe), fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda k: 1 - k / recipe.steps)
    for batch in images:
        x = (data.features[batch].float() - mean) / scale
        y, v, known = data.noisy[batch].float(), data.verified[batch].float(), data.known[batch]
        embedded = torch.cat([F.linear(y, g.label_embedding.weight), g.visual_embedding(x)], 1)
        c = clip_unit(y + g.output(F.relu(g.hidden(embedded))))
        clean = g.loss_weight * ((c - v).abs() * known).sum() / len(batch)
        target = torch.where(known, v, c.detach())
        classify = F.binary_cross_entropy_with_logits(h(x), target, reduction='sum') / len(batch)
        optimizer.zero_grad()
        (clean + classify).backward()
        optimizer.step()
        schedule.step()
    if images.is_cuda:
        torch.cuda.synchronize()


@torch.no_grad()
def largest_difference(a: DualHeadClassifier, b: DualHeadClassifier) -> float:
    """Between the weights of two models."""
    pairs = zip(a.parameters(), b.parameters())
    return max(float((x - y).abs().max()) for x, y in pairs)
