"""From pictures to a feature bank: every image once through a backbone and neck."""

from __future__ import annotations

import hashlib
import json
import random
from typing import Any, Dict, Iterator, List, Sequence, Tuple

import numpy as np
import torch
from mmengine.dataset import default_collate
from mmengine.dist import get_dist_info
from mmengine.model import BaseModel
from torch import nn
from torch.utils.data import DataLoader, Dataset

from mmnoisy.datasets.feature_bank import FeatureBank
from mmnoisy.datasets.open_images import OpenImages
from mmnoisy.io.progress import progress


class Views(Dataset):
    """Pictures of (row, view) pairs: view 0 as in tests, the others as in training.

    Args:
        test: the images through the transforms for tests.
        train: the same images through those for training.
    """

    def __init__(self, test: OpenImages, train: OpenImages) -> None:
        self.test, self.train = test, train
        self.image_ids = test.index.image_ids[np.asarray(test.data_list)]

    def __len__(self) -> int:
        return len(self.image_ids)

    def __getitem__(self, row_and_view: Tuple[int, int]) -> dict:
        row, view = row_and_view
        if view == 0:
            return self.test[row]
        # A seed of its own for each, so that a run that goes on draws what a single one had drawn.
        digest = hashlib.sha256(self.image_ids[row].encode()).digest()
        seed = np.random.SeedSequence([*digest, view]).generate_state(4)
        random.seed(int(seed[0]))
        np.random.seed(seed)
        torch.manual_seed(int(seed[0]))
        return self.train[row]


def extract(
    model: BaseModel,
    views: Views,
    bank: FeatureBank,
    batch_size: int,
    num_workers: int,
    title: str = '',
) -> None:
    """Computes the rows of a bank that are not finished, by one or by several processes.

    Each process takes its share of the batches. A batch has the same rows in every run with the
    same batch size: where a run was ended, or by how many processes it was shared, does not change
    a bit of the features as long as every process computes with the same number of threads.

    Args:
        model: in evaluation mode, with the ``data_preprocessor`` and ``extract_feat`` of
            :class:`mmpretrain.models.ImageClassifier`.
        views: the pictures.
        bank: where the features go.
        batch_size: pictures at once, K of an image; at least one image.
        num_workers: processes that load pictures; 0 to load in this one.
        title: of the progress bar.

    Raises:
        InputError: a picture cannot be read, or a feature does not fit into float16.
    """
    num_views = bank.features.shape[1]
    batches = _batches(bank.done, max(1, batch_size // num_views))
    pairs = ([(int(row), view) for row in rows for view in range(num_views)] for rows in batches)
    loader = DataLoader(
        views,
        batch_sampler=pairs,
        num_workers=num_workers,
        collate_fn=default_collate,
        pin_memory=torch.cuda.is_available(),
    )
    with progress(f'features of {title}', total=sum(map(len, batches)), unit='images') as bar:
        for rows, batch in zip(batches, loader):
            features = forward(model, batch).reshape(len(rows), num_views, -1)
            bank.write(rows, features)
            bar.update(len(rows))


def forward(model: BaseModel, batch: dict) -> np.ndarray:
    """The features that the heads get, (B, D) float32, of a collated batch."""
    with torch.no_grad():
        inputs = model.data_preprocessor(batch)['inputs']
        return model.extract_feat(inputs)[-1].float().cpu().numpy()


def feature_dim(model: BaseModel, views: Views) -> int:
    """D, by a look at the first picture."""
    return forward(model, default_collate([views[0, 0]])).shape[1]


def weights_hash(modules: Sequence[nn.Module | None]) -> str:
    """SHA-256 of names, types and values of all weights and buffers."""
    digest = hashlib.sha256()
    for module in modules:
        for name, tensor in sorted(module.state_dict().items()) if module else ():
            digest.update(f'{name} {tensor.dtype} {tuple(tensor.shape)} '.encode())
            digest.update(tensor.cpu().contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()


def provenance(model: BaseModel, cfg: dict, pipelines: Sequence, subset: str) -> Dict[str, str]:
    """Whatever the features depend on, for :meth:`FeatureBank.create`.

    Args:
        model: with its weights.
        cfg: of the model.
        pipelines: the transforms of view 0 and, where there are any, of the others.
        subset: of the images.
    """
    parts = ('data_preprocessor', 'backbone', 'neck', 'feature_dtype')
    texts: Dict[str, Any] = {key: cfg.get(key) for key in parts}
    texts['pipelines'] = list(pipelines)
    return {
        **{key: json.dumps(value, sort_keys=True, default=str) for key, value in texts.items()},
        'weights': weights_hash([model.backbone, model.neck]),
        'subset': subset,
    }


def _batches(done: np.ndarray, size: int) -> List[np.ndarray]:
    """The batches of this process that have an unfinished row."""
    rank, world_size = get_dist_info()

    def all_batches() -> Iterator[np.ndarray]:
        for start in range(rank * size, len(done), world_size * size):
            yield np.arange(start, min(start + size, len(done)))

    return [rows for rows in all_batches() if not done[rows].all()]
