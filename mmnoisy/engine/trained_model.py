"""From a config and a checkpoint to a classifier that predicts, or to a sentence why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Sequence

import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS

from mmnoisy.engine.launch import checkpoints, require_checkpoints
from mmnoisy.errors import InputError


def load_classifier(
    cfg: Config,
    checkpoint: str,
    device: torch.device | str | None = None,
    also: Sequence[str] = (),
) -> Any:
    """The model of a config with the weights of a checkpoint, in evaluation mode.

    A checkpoint of heads that were trained on features brings no backbone; a config on pictures
    gives it the one that it names the weights of.

    Args:
        cfg: with the ``model``.
        checkpoint: its path.
        device: None for the GPU if there is one.
        also: prefixes of further weights that are needed, beside those that predict.

    Raises:
        InputError: the checkpoint does not exist, is none, or is one of another model or of
            another number of classes.
    """
    loaded = _load(str(checkpoint))
    state = loaded.get('state_dict', loaded)
    require_checkpoints(dict(model=cfg.model.to_dict()))
    preprocessor = cfg.model.get('data_preprocessor') or cfg.get('data_preprocessor')
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build({**cfg.model, 'data_preprocessor': preprocessor})
    needed = {**model.state_dict()}
    if not any(key.startswith('backbone.') for key in state) and any(
        path for _, path in checkpoints(cfg.model.backbone.to_dict())
    ):
        if cfg.model.backbone.get('init_cfg'):
            model.backbone.init_weights()
        needed = {key: value for key, value in needed.items() if not key.startswith('backbone.')}
    predict = ('backbone.', 'neck.', 'head.', *also)
    needed = {key: value for key, value in needed.items() if key.startswith(predict)}
    _check_weights(needed, state, checkpoint)
    model.load_state_dict(state, strict=False)
    meta = loaded.get('meta', {}).get('dataset_meta') or {}
    model._config, model._dataset_meta = cfg, meta
    return model.to(device or ('cuda' if torch.cuda.is_available() else 'cpu')).eval()


def class_list(model: Any) -> List[str]:
    """The class list that a model was trained with: MIDs, or numbers where nobody says."""
    meta = getattr(model, '_dataset_meta', None) or {}
    return [*(meta.get('classes') or map(str, range(model.head.num_classes)))]


def _load(checkpoint: str) -> Dict[str, Any]:
    if not Path(checkpoint).is_file():
        raise InputError(f'{checkpoint}: there is no such checkpoint; check the path')
    try:
        loaded = torch.load(checkpoint, map_location='cpu', weights_only=True)
        assert isinstance(loaded, dict), f'it holds a {type(loaded).__name__}'
    except Exception as error:  # of unpickling, of zip files, of the system: each its own
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(
            f'{checkpoint}: cannot be loaded as a checkpoint ({reason}); give one that '
            'tools/train.py wrote'
        ) from error
    return loaded


def _check_weights(needed: dict, state: dict, checkpoint: str) -> None:
    """Looks whether a checkpoint has all weights that are needed, in the right shapes."""
    mend = 'give the config that the checkpoint was trained with'
    missing = sorted({*needed} - {*state})
    if missing:
        others = f' and {len(missing) - 1} other weights' if missing[1:] else ''
        raise InputError(f'{checkpoint}: lacks {missing[0]}{others} of the model; {mend}')
    for key, value in needed.items():
        if state[key].shape != value.shape:
            raise InputError(
                f'{checkpoint}: {key} is {list(state[key].shape)}, and {list(value.shape)} in the '
                f'config, so that the class lists differ or the models do; {mend}'
            )
