"""From pictures to features: every image once through a backbone and neck."""

from __future__ import annotations

import hashlib
import json
import random
from itertools import islice
from typing import Any, Dict, Iterable, Iterator, NamedTuple, Sequence, Tuple

import numpy as np
import pyarrow as pa
import torch
from mmengine.dataset import default_collate
from mmengine.model import BaseModel
from torch import nn
from torch.utils.data import DataLoader, Dataset

from mmnoisy.datasets.feature_bank import as_half
from mmnoisy.datasets.open_images import OpenImages
from mmnoisy.engine.distributed.shard_jobs import Compute
from mmnoisy.io.shards import spans
from mmnoisy.io.texts import Texts


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


class Layout(NamedTuple):
    """How the images of a set are cut.

    Attributes:
        num_views: K, of an image.
        batch_size: pictures at once, K of an image; at least one image.
        num_workers: processes that load pictures; 0 to load in this one.
        shard_images: images in a shard, of which a run that is ended loses the work.
    """

    num_views: int = 1
    batch_size: int = 64
    num_workers: int = 1
    shard_images: int = 2048

    def batches(self, rows: slice) -> Iterator[range]:
        """A span of rows, batch by batch."""
        size = max(1, self.batch_size // self.num_views)
        for start in range(rows.start, rows.stop, size):
            yield range(start, min(start + size, rows.stop))


def feature_tables(model: BaseModel, views: Views, layout: Layout) -> Compute:
    """The features of shards of images, as Arrow tables.

    A table has the columns ``image_id``, ``view`` and ``features``, a list of D float32 that
    float16 holds; the K views of an image follow one another. Batches begin with each shard, so
    that the features of a shard depend on nothing before it.

    Args:
        model: in evaluation mode, with the ``data_preprocessor`` and ``extract_feat`` of
            :class:`mmpretrain.models.ImageClassifier`.
        views: the pictures.
        layout: of shards and batches.

    Returns:
        A function that raises InputError where a picture cannot be read, or a feature does not fit
        into float16.
    """
    of_set = spans(len(views), layout.shard_images)

    def compute(numbers: Iterable[int]) -> Iterator[pa.Table]:
        chosen = [of_set[number] for number in numbers]
        batches = [[*layout.batches(span)] for span in chosen]
        loader = DataLoader(
            views,
            batch_sampler=[
                [(row, view) for row in rows for view in range(layout.num_views)]
                for of_span in batches
                for rows in of_span
            ],
            num_workers=layout.num_workers,
            collate_fn=default_collate,
            pin_memory=torch.cuda.is_available(),
        )
        features = (as_half(forward(model, batch), 'features') for batch in loader)
        for span, of_span in zip(chosen, batches):
            values = np.concatenate([*islice(features, len(of_span))])
            yield _table(views.image_ids[span], values, layout.num_views)

    return compute


def features_of_table(table: pa.Table, num_views: int) -> np.ndarray:
    """The features (n, K, D) float32 of the n images of a shard."""
    column = table['features'].combine_chunks()
    return column.flatten().to_numpy().reshape(len(table) // num_views, num_views, -1)


def _table(image_ids: Texts, features: np.ndarray, num_views: int) -> pa.Table:
    ids = image_ids.to_arrow().cast(pa.large_string())
    values = pa.array(features.astype(np.float32).reshape(-1))
    return pa.table(
        {
            'image_id': ids.take(pa.array(np.repeat(np.arange(len(ids)), num_views))),
            'view': np.tile(np.arange(num_views, dtype=np.int32), len(ids)),
            'features': pa.FixedSizeListArray.from_arrays(values, features.shape[1]),
        }
    )


def forward(model: BaseModel, batch: dict) -> np.ndarray:
    """The features that the heads get, (B, D) float32, of a collated batch."""
    with torch.no_grad():
        inputs = model.data_preprocessor(batch)['inputs']
        return model.extract_feat(inputs)[-1].float().cpu().numpy()


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
