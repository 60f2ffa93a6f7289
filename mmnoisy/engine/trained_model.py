"""From a config and a checkpoint to a classifier that predicts, or to a sentence why not."""

from __future__ import annotations

from typing import Any, List, Sequence

import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS

from mmnoisy.engine.checkpoints.loaded import require_predicting
from mmnoisy.engine.checkpoints.named import require_checkpoints
from mmnoisy.engine.checkpoints.reading import read_checkpoint
from mmnoisy.engine.devices import pick_device
from mmnoisy.engine.sets import fill_classes
from mmnoisy.errors import InputError
from mmnoisy.models.necks import identity_where_missing
from mmnoisy.models.old_names import rename_old_keys


def load_classifier(
    cfg: Config,
    checkpoint: str,
    device: torch.device | str | None = None,
    also: Sequence[str] = (),
) -> Any:
    """The model of a config with the weights of a checkpoint, in evaluation mode.

    A checkpoint of heads that were trained on features brings no backbone, see
    :func:`mmnoisy.engine.checkpoints.loaded.require_predicting`.

    Args:
        cfg: with the ``model``.
        checkpoint: its path.
        device: None for the GPU if there is one.
        also: prefixes of further weights that are needed, beside those that predict.

    Raises:
        InputError: the checkpoint does not exist, is none, or is one of another model or of
            another number of classes.
    """
    loaded = read_checkpoint(str(checkpoint))
    state = loaded.get('state_dict', loaded)
    meta = loaded.get('meta', {}).get('dataset_meta') or {}
    fill_classes(cfg, meta)
    require_checkpoints(dict(model=cfg.model.to_dict()))
    preprocessor = cfg.model.get('data_preprocessor') or cfg.get('data_preprocessor')
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build({**cfg.model, 'data_preprocessor': preprocessor})
    rename_old_keys(state)
    identity_where_missing(model, state)
    require_predicting(model, model.state_dict(), state, cfg, str(checkpoint), also)
    model.load_state_dict(state, strict=False)
    model._config, model._dataset_meta = cfg, meta
    return model.to(device or pick_device()).eval()


def require_pictures(cfg: Config) -> None:
    """Looks whether a model looks at pictures.

    Raises:
        InputError: it has no backbone.
    """
    if (cfg.model.get('backbone') or {}).get('type') == 'PrecomputedFeatures':
        raise InputError(
            f'{cfg.filename}: its model looks at features that were given, not at pictures; train '
            'one with a backbone'
        )


def class_list(model: Any) -> List[str]:
    """The class list that a model was trained with: MIDs, or numbers where nobody says."""
    meta = getattr(model, '_dataset_meta', None) or {}
    return [*(meta.get('classes') or map(str, range(model.head.num_classes)))]
