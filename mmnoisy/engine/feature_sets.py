"""What features are extracted from: the backbone and the three sets of a config on pictures."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Any, Callable, Iterator, List, Optional, Tuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dist import get_rank
from mmengine.runner import load_checkpoint
from mmpretrain.registry import MODELS

from mmnoisy.datasets.feature_bank import FeatureBank
from mmnoisy.engine.checkpoints.named import named_checkpoints
from mmnoisy.engine.devices import pick_device
from mmnoisy.engine.distributed.shard_jobs import ALONE, Compute, Job, Workers
from mmnoisy.engine.feature_extraction import (
    Layout,
    Views,
    feature_tables,
    features_of_table,
    provenance,
)
from mmnoisy.engine.sets import SETS, build_set, fill_classes, pipeline_of_tests, set_config
from mmnoisy.engine.trained_model import require_pictures
from mmnoisy.engine.transforms import split_neck
from mmnoisy.errors import InputError
from mmnoisy.io.arrays import arrays_hash
from mmnoisy.io.atomic import atomic_path
from mmnoisy.io.shards import Shards, numbered, spans


def build_model(cfg: Config, checkpoint: Optional[str]) -> torch.nn.Module:
    """The model of a config with its weights, in evaluation mode, on the GPU if there is one.

    Raises:
        InputError: there are no weights, or nothing that looks at pictures.
    """
    require_pictures(cfg)
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
    layout: Layout,
    workers: Workers = ALONE,
    elsewhere: Optional[Callable[[], Tuple[torch.nn.Module, Config]]] = None,
    whole: bool = True,
) -> Iterator[FeatureBank]:
    """Extracts the sets that a config has, one after the other; finished features are not redone.

    A bank appears whole, at the end. Until then finished shards of images are kept in the hidden
    folder ``.SUBSET.unfinished`` beside it. Where a run was ended, or by how many workers it was
    shared, does not change a bit of the features as long as every worker computes with the same
    number of threads.

    Args:
        model: of :func:`build_model`.
        cfg: on pictures.
        out: folder of the banks.
        layout: of shards and batches; of an image of test there is one view.
        workers: who computes.
        elsewhere: makes ``model`` and ``cfg`` in a process of another machine.
        whole: False to leave it at the shards, in the place of the banks, see
            :func:`mmnoisy.engine.feature_extraction.feature_tables`.

    Yields:
        The bank of each set, finished; in the first process only, and where there is one.

    Raises:
        InputError: a picture cannot be read, or ``out`` holds other features.
    """
    for subset, name in SETS.items():
        if cfg.get(name):
            of_set = layout._replace(num_views=1) if subset == 'test' else layout
            bank = _extract(model, cfg, subset, out / subset, of_set, workers, elsewhere, whole)
            if bank is not None:
                yield bank


def _extract(
    model: torch.nn.Module,
    cfg: Config,
    subset: str,
    folder: Path,
    layout: Layout,
    workers: Workers,
    elsewhere: Optional[Callable[[], Tuple[torch.nn.Module, Config]]],
    whole: bool,
) -> Optional[FeatureBank]:
    views = build_views(cfg, subset)
    pipelines = pipelines_of(cfg, subset, layout.num_views)
    made_of = provenance(model, cfg.model, pipelines, subset)
    bank_of = partial(
        FeatureBank.create,
        image_ids=views.image_ids,
        views=layout.num_views,
        provenance=made_of,
    )
    if whole and folder.exists():
        bank = bank_of(folder, dim=FeatureBank.open(folder).features.shape[2])
        return bank if get_rank() == 0 else None

    def tables_elsewhere() -> Compute:
        assert elsewhere is not None
        model, cfg = elsewhere()
        return feature_tables(model, build_views(cfg, subset), layout)

    unfinished = folder.with_name(f'.{subset}.unfinished') if whole else folder
    rows = spans(len(views), layout.shard_images)
    of_shards = {**made_of, **layout._asdict(), 'images': arrays_hash(views.image_ids.arrays())}
    del of_shards['num_workers']
    shards = Shards(unfinished, of_shards, numbered(len(rows)))
    job = Job(
        shards,
        [span.stop - span.start for span in rows],
        feature_tables(model, views, layout),
        tables_elsewhere if elsewhere else None,
        f'features of {subset}',
    )
    if not workers.compute(job) or not whole:
        return None
    with atomic_path(folder) as part:
        dim = features_of_table(shards[0], layout.num_views).shape[2]
        bank = bank_of(part, dim=dim)
        for span, table in zip(rows, shards):
            bank.write(np.arange(span.start, span.stop), features_of_table(table, layout.num_views))
    shutil.rmtree(unfinished)
    return FeatureBank.open(folder)


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
