"""What features are extracted from: the backbone and the three sets of a config on pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator, List, Optional

import torch
from mmengine.config import Config
from mmengine.dist import barrier, get_rank
from mmengine.runner import load_checkpoint
from mmpretrain.registry import MODELS

from mmnoisy.datasets.feature_bank import FeatureBank
from mmnoisy.engine.checkpoints.named import named_checkpoints
from mmnoisy.engine.devices import pick_device
from mmnoisy.engine.feature_extraction import Views, extract, feature_dim, provenance
from mmnoisy.engine.sets import SETS, build_set, fill_classes, pipeline_of_tests, set_config
from mmnoisy.engine.transforms import split_neck
from mmnoisy.errors import InputError


def build_model(cfg: Config, checkpoint: Optional[str]) -> torch.nn.Module:
    """The model of a config with its weights, in evaluation mode, on the GPU if there is one.

    Raises:
        InputError: there are no weights.
    """
    named = [path for _, path in named_checkpoints(cfg.model.to_dict())]
    if checkpoint is None and not named and not cfg.model.backbone.get('pretrained'):
        raise InputError(
            f'{cfg.filename}: names no weights of its backbone; give a checkpoint after it'
        )
    for path in filter(None, [checkpoint, *named]):
        if '://' not in path and not Path(path).is_file():
            raise InputError(f'{path}: there is no such checkpoint; check the path')
    fill_classes(cfg)
    # A bank holds features as they are: Standardize depends on the T of each run.
    model = MODELS.build({**cfg.model, 'neck': split_neck(cfg.model.get('neck'))[0] or None})
    model.init_weights()
    if checkpoint:
        loaded = load_checkpoint(model, checkpoint, map_location='cpu', logger='silent')
        needed = [key for key in model.state_dict() if key.startswith(('backbone.', 'neck.'))]
        missing = {*needed} - {*loaded.get('state_dict', loaded)}
        if missing:
            raise InputError(
                f'{checkpoint}: has no {min(missing)}, nor {len(missing) - 1} other weights of the '
                'backbone; give a checkpoint of the same model on pictures'
            )
    return model.to(pick_device()).eval()


def extract_sets(
    model: torch.nn.Module,
    cfg: Config,
    out: Path,
    views: int = 1,
    batch_size: int = 64,
    num_workers: int = 1,
) -> Iterator[FeatureBank]:
    """Extracts the sets that a config has, one after the other; finished features are not redone.

    Args:
        model: of :func:`build_model`.
        cfg: on pictures.
        out: folder of the banks.
        views: K, of an image of T and V; of test there is one.
        batch_size: pictures at once.
        num_workers: processes that load them.

    Yields:
        The bank of each set, finished.

    Raises:
        InputError: as :func:`extract`, or ``out`` holds other features.
    """
    for subset, name in SETS.items():
        if not cfg.get(name):
            continue
        pictures = build_views(cfg, subset)
        num_views = 1 if subset == 'test' else views
        made_of = provenance(model, cfg.model, pipelines_of(cfg, subset, num_views), subset)
        if get_rank() > 0:
            barrier()
        bank = FeatureBank.create(
            out / subset, pictures.image_ids, num_views, feature_dim(model, pictures), made_of
        )
        if get_rank() == 0:
            barrier()
        extract(model, pictures, bank, batch_size, num_workers, subset)
        barrier()
        yield bank


def build_views(cfg: Config, subset: str) -> Views:
    """One of the three sets of a config, through its own transforms and through those for tests.

    Raises:
        InputError: the config has no such set, or is on features.
    """
    own = set_config(cfg, subset)
    if 'pipeline' not in own:
        raise InputError(f'{cfg.filename}: is on features; give a config of a model on pictures')
    return Views(
        build_set(cfg, subset),
        build_set(cfg, subset, pipeline=own['pipeline'], test_mode=own.get('test_mode', False)),
    )


def pipelines_of(cfg: Config, subset: str, num_views: int) -> List[Any]:
    """The transforms that the views of a set go through."""
    of_tests = pipeline_of_tests(cfg)
    return [of_tests] if num_views == 1 else [of_tests, set_config(cfg, subset)['pipeline']]
