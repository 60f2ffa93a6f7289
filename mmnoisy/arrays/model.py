"""A trained model as plain settings and arrays, and what it says of features."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Mapping

import numpy as np
import torch
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS

import mmnoisy.components  # noqa: F401
from mmnoisy.engine.devices import pick_device

BATCH_SIZE = 512
"""Images at once; as in comparisons, so that figures are the same."""


def built(settings: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> Any:
    """The model in evaluation mode, on the GPU if there is one.

    Args:
        settings: the ``model`` of a config.
        weights: the arrays of its ``state_dict``.
    """
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build(deepcopy({**settings}))
    # A copy: arrays of a file that is mapped into memory cannot be written to.
    model.load_state_dict({key: torch.tensor(array) for key, array in weights.items()})
    return model.to(pick_device()).eval()


@torch.no_grad()
def probabilities(model: Any, features: np.ndarray) -> np.ndarray:
    """What a model predicts for features (N, D), (N, C) float32."""
    scores = np.empty((len(features), model.head.num_classes), np.float32)
    for begin in range(0, len(features), BATCH_SIZE):
        rows = slice(begin, begin + BATCH_SIZE)
        inputs = torch.from_numpy(np.array(features[rows], order='C')).to(pick_device())
        samples = model.head.predict(model.extract_feat(inputs))
        scores[rows] = torch.stack([one.pred_score for one in samples]).cpu().numpy()
    return scores
