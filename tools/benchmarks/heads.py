"""Training on a feature bank: the runner of the configs against a bare loop in PyTorch.

Both train the joint model on the same batches of the same made-up features and labels, with Adam,
and end with the same weights. The bare loop knows the order of the images beforehand and keeps
all labels dense in memory, which no data set of millions of images allows.
"""

from __future__ import annotations

import copy
import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any, List, NamedTuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from torch.nn import functional as F

from benchmarks.numbers import require_at_least
from benchmarks.timing import in_turns, result
from mmnoisy.datasets import FeatureBank, LabelIndex
from mmnoisy.datasets.csr import Csr, class_type
from mmnoisy.engine.partial_training import runner_here
from mmnoisy.engine.sets import build_set, parts_of
from mmnoisy.experiments.systems import load_systems
from mmnoisy.io.texts import Texts
from mmnoisy.models.heads.label_cleaning_head import clip_unit

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
    parser.add_argument('--steps', type=int, default=200, help='of a training, default 200')
    parser.add_argument('--repeats', type=int, default=5, help='default 5')


def run(args: Namespace) -> dict:
    """Times both trainings.

    Raises:
        InputError: a number is too small.
    """
    require_at_least(args, dim=1, classes=LABELS, batch_size=1, images=20, steps=1, repeats=1)
    MMLogger.get_instance('benchmark', log_level='WARNING')
    init_default_scope('mmpretrain')
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        make_banks(root, args.images, args.dim, args.classes)
        cfg = config_of(root, args)
        start = runner_here(cfg, root / 'work').model
        start.init_weights()
        start.neck[0].fit(*standardisation(cfg))  # else the runner would fit it while it is timed
        cfg.load_from = str(root / 'start.pth')
        torch.save(dict(state_dict=start.state_dict()), cfg.load_from)
        runners = [runner_here(cfg, root / 'work') for _ in range(args.repeats + 1)]
        bare, ours = copy.deepcopy(start), runners[0].model
        draws = runners[0].train_loop.batches
        images = torch.tensor([draws.indices(step) for step in range(args.steps)])
        dense = to_dense(cfg, args.classes)
        waiting = [*runners]

        def bare_run() -> None:
            bare.load_state_dict(start.state_dict())
            bare_training(bare, dense, images.to(get_device()), cfg)

        seconds, alternative = in_turns(lambda: waiting.pop().train(), bare_run, args.repeats)
        difference = largest_difference(ours, bare)
    per_second = args.steps * args.batch_size / seconds
    return result(
        'heads',
        seconds,
        alternative,
        GOAL,
        largest_difference=difference,
        samples_per_second=per_second,
        hours_of_the_paper=PAPER_IMAGES / per_second / 3600,
        dim=args.dim,
        classes=args.classes,
        batch_size=args.batch_size,
        device=torch.cuda.get_device_name() if get_device() == 'cuda' else get_device(),
    )


def config_of(root: Path, args: Namespace) -> Config:
    """The joint model's config on the made-up sets, for some steps."""
    options = {
        'index': str(root / 'index'),
        'train_cfg.min_images': args.steps * args.batch_size,
        'train_cfg.min_passes': 0,
        'train_dataloader.batch_size': args.batch_size,
        'load_from': None,
        'randomness.seed': SEED,
    }
    cfg = load_systems(['joint'], root / 'features', options)['joint'].cfg
    if get_device() != 'cpu':
        cfg.train_dataloader.pin_memory = False
        for part in parts_of(cfg):
            part.device = get_device()
    return cfg


def standardisation(cfg: Config) -> tuple[torch.Tensor, float]:
    """The mean of the features of T, (D,), and their scale."""
    features = torch.from_numpy(build_set(cfg, 'train').banks[0].features[:, 0].astype(np.float32))
    mean = features.mean(0)
    return mean, float((features - mean).square().mean().sqrt())


def make_banks(root: Path, images: int, dim: int, classes: int) -> None:
    """Random sets: nine tenths of the images are T, a tenth V, and a few more test."""
    rng = np.random.default_rng(SEED)
    num_verified = images // 10
    sizes = dict(train=images - num_verified, validation=num_verified, test=10)
    ids = 0
    for name, size in sizes.items():
        image_ids = Texts.of(f'{k:016x}' for k in range(ids, ids + size))
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
        info = dict(subset=name, classes=names, class_names=names, class_categories=[], files=[])
        LabelIndex(image_ids, noisy, verdicts, info).write(root / 'index' / name)
        bank = FeatureBank.create(root / 'features' / name, image_ids, 1, dim, {})
        features = rng.exponential(size=(size, 1, dim)).astype(np.float32)
        bank.write(np.arange(size), features)


def to_dense(cfg: Config, classes: int) -> Dense:
    """The images of T and after them those of V."""
    parts: List[Dense] = []
    for subset in ('train', 'validation'):
        source = build_set(cfg, subset, test_mode=False)
        batch = source.__getitems__(range(len(source)))
        noisy, present = torch.zeros(2, len(source), classes, dtype=torch.bool)
        noisy[tuple(batch['data_samples'].cells('noisy_label'))] = True
        present[tuple(batch['data_samples'].cells('verified_pos'))] = True
        known = torch.full((len(source), 1), subset == 'validation')
        parts.append(Dense(batch['inputs'], noisy, present, known))
    return Dense(*(torch.cat(arrays).to(get_device()) for arrays in zip(*parts)))


def bare_training(model: Any, data: Dense, images: torch.Tensor, cfg: Config) -> None:
    """Eq. 1 to 3 without a class around them.

    Args:
        model: gives the weights.
        data: all of it.
        images: (steps, batch size) int64, the order.
        cfg: gives the learning rates.
    """
    h, g = model.head.fc, model.cleaning_head
    mean, scale = model.neck[0].mean, model.neck[0].scale
    lr, steps = cfg.optim_wrapper.optimizer.lr, len(images)
    bias_lr = lr * cfg.optim_wrapper.paramwise_cfg.bias_lr_mult
    groups = [
        dict(params=[h.weight, *g.parameters()], lr=lr),
        dict(params=[h.bias], lr=bias_lr),
    ]
    optimizer = torch.optim.Adam(groups, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda k: 1 - k / max(1, steps - 1))
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
def largest_difference(a: Any, b: Any) -> float:
    """Between the weights of two models."""
    pairs = zip(a.parameters(), b.parameters())
    return max(float((x - y).abs().max()) for x, y in pairs)
