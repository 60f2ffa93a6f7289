"""Training on a feature bank: the loop of the comparison, without a runner around it."""

from __future__ import annotations

from itertools import count, islice
from typing import Any, Callable, Iterator, List, Optional, Sized, Tuple

import numpy as np
import torch
from mmengine.utils import digit_version
from torch.optim.lr_scheduler import LambdaLR

from mmnoisy.experiments.recipes import Recipe
from mmnoisy.experiments.scaling import Scaling
from mmnoisy.datasets.ratio_sampler import RatioSampler
from mmnoisy.errors import InputError
from mmnoisy.models import DualHeadClassifier


def train(
    model: DualHeadClassifier,
    dataset: Any,
    scaling: Scaling,
    recipe: Recipe,
    seed: int,
    source_ratio: Optional[Tuple[int, int]] = None,
    progress: Callable[[], object] = lambda: None,
) -> None:
    """Trains the heads of a model with Adam, the learning rates falling linearly to zero.

    Args:
        model: on features, where the features shall go.
        dataset: hands whole batches, see :class:`mmnoisy.datasets.OpenImagesFeatures`.
        scaling: of the features.
        recipe: how.
        seed: of the order of the images and the views.
        source_ratio: of :class:`mmnoisy.datasets.RatioSampler`.
        progress: is called after every step.

    Raises:
        InputError: the loss is not finite.
    """
    np.random.seed(seed)  # the views of an image are drawn from it
    device = next(model.parameters()).device
    scaling = scaling.to(device)
    # 'fused' does in one pass over the weights what takes others a dozen.
    fused = device.type == 'cuda' or digit_version(torch.__version__) >= digit_version('2.4')
    optimizer = torch.optim.Adam(parameter_groups(model, recipe), fused=fused)
    schedule = LambdaLR(optimizer, lambda step: 1 - step / recipe.steps)
    model.train()
    indices = endless(dataset, source_ratio, seed)
    total = torch.zeros((), device=device)
    for _ in range(recipe.steps):
        batch = dataset.__getitems__(list(islice(indices, recipe.batch_size)))
        losses = model.loss(scaling(batch['inputs'].to(device)), batch['data_samples'])
        loss = torch.stack([*losses.values()]).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        total += loss.detach()
        progress()
    if not torch.isfinite(total):
        raise InputError(
            f'the loss is {total.item()} with a learning rate of {recipe.lr:g}: check the features '
            'for values that are not finite, or give lower learning rates with --recipe'
        )


def endless(dataset: Sized, source_ratio: Optional[Tuple[int, int]], seed: int) -> Iterator[int]:
    """The order of the sampler, epoch after epoch."""
    sampler = RatioSampler(dataset, source_ratio, seed)
    for epoch in count():
        sampler.set_epoch(epoch)
        yield from sampler


def parameter_groups(model: DualHeadClassifier, recipe: Recipe) -> List[dict]:
    """The weights and biases of the classifier, and the cleaning head, with their rates."""
    head = [parameter for parameter in model.head.parameters() if parameter.requires_grad]
    groups: List[dict] = [
        dict(params=[p for p in head if p.ndim > 1], lr=recipe.lr),
        dict(params=[p for p in head if p.ndim == 1], lr=recipe.bias_lr),
    ]
    if model.cleaning_head is not None:
        layers = dict(model.cleaning_head.named_parameters())
        for layer in getattr(model.cleaning_head, 'begins_as', ()):  # learns as the classifier does
            for group, name in zip(groups, ('weight', 'bias')):
                group['params'].append(layers.pop(f'{layer}.{name}'))
        groups.append(dict(params=list(layers.values()), lr=recipe.cleaning_lr))
    return groups
