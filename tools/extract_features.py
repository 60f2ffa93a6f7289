"""Runs the backbone of a config over its pictures once, so that heads train on the features.

For example:
    python tools/extract_features.py configs/joint_tiny.py --out data/tiny-open-images/features
    python tools/train.py configs/joint_tiny_features.py

writes the feature banks train, validation and test. Without a checkpoint the weights are those
that the config names. The same command goes on where a run was ended, and does nothing where all
is finished; `torchrun --nproc_per_node=8 tools/extract_features.py ...` shares the work.
"""

from __future__ import annotations

import os
from argparse import Namespace
from datetime import timedelta
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.dist import barrier, get_rank
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint
from mmpretrain.registry import MODELS

from mmnoisy import InputError
from mmnoisy.datasets.feature_bank import FeatureBank
from mmnoisy.datasets.feature_extraction import Views, extract, feature_dim, provenance
from mmnoisy.engine.launch import (
    add_cfg_options,
    checkpoints,
    load_config,
    tool_parser,
    user_errors,
)
from mmnoisy.engine.sets import SETS, build_set, set_config
from mmnoisy.engine.transforms import split_neck


def parse_args() -> Namespace:
    """The command line."""
    parser = tool_parser(__doc__)
    parser.add_argument('config', help='config file of a model on pictures')
    parser.add_argument('checkpoint', nargs='?', help='with the weights of the backbone')
    parser.add_argument('--out', type=Path, required=True, help='folder of the three banks')
    parser.add_argument(
        '--views',
        type=int,
        default=1,
        metavar='K',
        help='of an image of train and validation: one as in tests, K - 1 as in training',
    )
    parser.add_argument('--batch-size', type=int, default=64, help='pictures at once, default 64')
    parser.add_argument('--num-workers', type=int, default=1, help='that load them, default 1')
    add_cfg_options(parser)
    parser.set_defaults(work_dir=None, launcher='none', local_rank=0)
    args = parser.parse_args()
    if min(args.views, args.batch_size) < 1 or args.num_workers < 0:
        parser.error('--views and --batch-size are at least 1, --num-workers at least 0')
    return args


def build_model(cfg: Config, checkpoint: str | None) -> torch.nn.Module:
    """The model of a config with its weights, in evaluation mode, on the GPU if there is one.

    Raises:
        InputError: there are no weights.
    """
    named = [path for _, path in checkpoints(cfg.model.to_dict())]
    if checkpoint is None and not named and not cfg.model.backbone.get('pretrained'):
        raise InputError(
            f'{cfg.filename}: names no weights of its backbone; give a checkpoint after it'
        )
    for path in filter(None, [checkpoint, *named]):
        if '://' not in path and not Path(path).is_file():
            raise InputError(f'{path}: there is no such checkpoint; check the path')
    # A bank holds features as they are: the same for every T that they are standardised on.
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
    device = f'cuda:{os.environ["LOCAL_RANK"]}' if torch.cuda.is_available() else 'cpu'
    return model.to(device).eval()


def build_views(cfg: Config, subset: str) -> Views:
    """One of the three sets of a config, through its own transforms and through those for tests."""
    own = set_config(cfg, subset)
    if 'pipeline' not in own:
        raise InputError(f'{cfg.filename}: is on features; give a config of a model on pictures')
    return Views(
        build_set(cfg, subset),
        build_set(cfg, subset, pipeline=own['pipeline'], test_mode=own.get('test_mode', False)),
    )


@user_errors
def main() -> None:
    """Extracts the three sets, one after the other."""
    args = parse_args()
    cfg = load_config(args)
    MMLogger.get_instance('extract_features', log_level='WARNING')  # no list of all weights
    init_default_scope(cfg.get('default_scope', 'mmpretrain'))
    if int(os.environ.get('WORLD_SIZE', 1)) > 1:
        torch.distributed.init_process_group('gloo', timeout=timedelta(days=30))
    model = build_model(cfg, args.checkpoint)
    for subset in SETS:
        views = build_views(cfg, subset)
        num_views = 1 if subset == 'test' else args.views
        of_views = ('test', subset)[: min(num_views, 2)]
        pipelines = [set_config(cfg, key)['pipeline'] for key in of_views]
        made_of = provenance(model, cfg.model, pipelines, subset)
        if get_rank() > 0:
            barrier()
        bank = FeatureBank.create(
            args.out / subset, views.image_ids, num_views, feature_dim(model, views), made_of
        )
        if get_rank() == 0:
            barrier()
        extract(model, views, bank, args.batch_size, args.num_workers, subset)
        barrier()
        if get_rank() == 0:
            _, num_views, dim = bank.features.shape
            print(f'{args.out / subset}: {len(bank):,} images, views: {num_views}, values: {dim}')


if __name__ == '__main__':
    main()
