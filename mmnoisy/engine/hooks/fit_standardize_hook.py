"""Fits the standardisation of features on T before training."""

from __future__ import annotations

from typing import Any, Dict, Iterator

import numpy as np
import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from torch import nn

from mmnoisy.engine.distributed.unwrap_model import unwrap_model
from mmnoisy.engine.sets import build_set, images_trained_on, loader_of_tests
from mmnoisy.models.necks import Standardize, identity_where_missing

_BATCH = 256


@HOOKS.register_module()
class FitStandardizeHook(Hook):
    """Gives :class:`mmnoisy.models.Standardize` the mean and the scale of the features of T.

    One that a checkpoint has brought stays as it is. The images are spread evenly over those of
    T, the config's ``noisy_set``, that are trained on, and come as in tests. Others would leak:
    where the mean is that of more images, those left out lie opposite to those learned from.

    Args:
        num_images: of T to look at; all of them where there are fewer.

    Raises:
        InputError: the config has no ``noisy_set``.
    """

    def __init__(self, num_images: int = 50_000) -> None:
        self.num_images = num_images

    def after_load_checkpoint(self, runner: Runner, checkpoint: Dict[str, Any]) -> None:
        """Keeps heads of a checkpoint that has no standardisation as they are."""
        identity_where_missing(unwrap_model(runner), checkpoint.get('state_dict', checkpoint))

    def before_train(self, runner: Runner) -> None:
        """Fits what is not fitted yet."""
        model = unwrap_model(runner)
        if not isinstance(model.neck, nn.Module):
            return
        for layer in model.neck.modules():
            if isinstance(layer, Standardize) and not layer.fitted:
                sums = layer.mean.new_zeros(len(layer.mean) + 2, dtype=torch.float64)
                layer.fit(*moments(self._features(runner, model, layer), sums))

    def _features(self, runner: Runner, model: Any, layer: Standardize) -> Iterator[torch.Tensor]:
        """What enters the layer, batch by batch; the share of this process."""
        rows = images_trained_on(runner.cfg, 'train')
        rows = rows[np.unique(np.linspace(0, len(rows) - 1, self.num_images).astype(np.int64))]
        loader = {
            **loader_of_tests(runner.cfg),
            'dataset': build_set(runner.cfg, 'train', indices=rows.tolist()),
            'sampler': dict(type='DefaultSampler', shuffle=False, round_up=False),
            'batch_size': _BATCH,
        }
        seen = []
        handle = layer.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0][-1]))
        training = model.training
        model.eval()
        try:
            for batch in runner.build_dataloader(loader):
                data = model.data_preprocessor(batch, training=False)
                with torch.no_grad():
                    model.extract_feat(data['inputs'])
                yield seen.pop()
        finally:
            handle.remove()
            model.train(training)


def moments(batches: Iterator[torch.Tensor], sums: torch.Tensor) -> tuple[torch.Tensor, float]:
    """Mean in each dimension, and root of the mean square around it over all dimensions.

    Args:
        batches: features (n, D) of this process; those of all processes count.
        sums: (D + 2,) zeros, float64, on the device of the features.

    Returns:
        ``(mean, scale)``, (D,) float32 and a number.
    """
    for features in batches:
        values = features.double()
        sums[:-2] += values.sum(0)
        sums[-2] += values.square().sum()
        sums[-1] += len(values)
    all_reduce(sums)
    mean = sums[:-2] / sums[-1]
    variance = sums[-2] / (sums[-1] * len(mean)) - mean.square().mean()
    return mean.float(), float(variance.clamp(min=0).sqrt())
