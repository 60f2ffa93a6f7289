"""A trained model looks at the images of a label index, batch by batch."""

from __future__ import annotations

from typing import Any, Iterator, List, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.dataset import default_collate
from torch.utils.data import DataLoader

from mmnoisy.cleaning.pairs import Scores
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.datasets.open_images_features import keep_batch


class Scorer:
    """A model and the index whose images it looks at.

    Args:
        model: a :class:`mmnoisy.models.DualHeadClassifier` in evaluation mode.
        dataset: :class:`mmnoisy.datasets.OpenImages` or ``OpenImagesFeatures`` in test mode.
        batch_size: images at once.
        num_workers: processes that load pictures; 0 to load in this one.
    """

    def __init__(self, model: Any, dataset: Any, batch_size: int, num_workers: int) -> None:
        self.model, self.dataset = model, dataset
        self.models = [model]
        self.batch_size, self.num_workers = batch_size, num_workers
        self.index: LabelIndex = dataset.index
        usable = self.index.usable
        self.rows = np.arange(len(self.index)) if usable is None else usable
        self.num_classes = len(self.index.classes)

    def __call__(self, spans: Sequence[slice]) -> Iterator[Tuple[slice, Scores]]:
        """The images of spans of rows of the index, in their order.

        Batches begin with each span, so that the scores of a span depend on nothing before it.

        Args:
            spans: of rows of the index.

        Yields:
            Up to ``batch_size`` rows and their scores; NaN where there is no picture.

        Raises:
            InputError: a picture cannot be read.
        """
        batched = hasattr(self.dataset, '__getitems__')
        loader = DataLoader(
            self.dataset,
            batch_sampler=_SampleNumbers(self, spans),
            num_workers=0 if batched else self.num_workers,
            collate_fn=keep_batch if batched else default_collate,
            pin_memory=torch.cuda.is_available(),
        )
        inputs = (batch['inputs'] for batch in loader)
        for rows in self.batches(spans):
            seen = self.rows[slice(*self.samples(rows))]
            scores = Scores(*np.full((2, rows.stop - rows.start, self.num_classes), np.nan, 'f4'))
            if len(seen):
                for values, of_seen in zip(scores, self._score(next(inputs), seen)):
                    values[seen - rows.start] = of_seen
            yield rows, scores

    def batches(self, spans: Sequence[slice]) -> Iterator[slice]:
        """Spans of rows, cut into batches."""
        for span in spans:
            for start in range(span.start, span.stop, self.batch_size):
                yield slice(start, min(start + self.batch_size, span.stop))

    def samples(self, rows: slice) -> Tuple[int, int]:
        """The first sample of the data set whose row is in a span, and the first one after it."""
        first, end = np.searchsorted(self.rows, [rows.start, rows.stop])
        return int(first), int(end)

    def _score(self, inputs: Any, rows: np.ndarray) -> Scores:
        with torch.no_grad():
            data = self.model.data_preprocessor(dict(inputs=inputs))
            feats = self.model.extract_feat(data['inputs'])
            labels = self.index.batch(rows)
            noisy, _, _ = self.model.targets(labels, feats[-1].device)
            head = self.model.cleaning_head
            raw = noisy if head is None else head.unclipped(head(feats, noisy))
            score = self.model.head(feats).float().sigmoid()
        return Scores(raw.float().cpu().numpy(), score.cpu().numpy())


class PartScorer(Scorer):
    """Several models, each of which looks at the images that it has not learned from.

    Args:
        models: like that of a :class:`Scorer`.
        part: (N,) for each image of the data set the number of its model; None where no model has
            learned from any, and the mean of all is taken.
        dataset: as for a :class:`Scorer`.
        batch_size: images at once.
        num_workers: processes that load pictures; 0 to load in this one.
    """

    def __init__(
        self,
        models: Sequence[Any],
        part: Optional[np.ndarray],
        dataset: Any,
        batch_size: int,
        num_workers: int,
    ) -> None:
        super().__init__(models[0], dataset, batch_size, num_workers)
        self.models, self.part = [*models], part

    def _score(self, inputs: Any, rows: np.ndarray) -> Scores:
        if self.part is None:
            return self._mean(inputs, rows)
        part = self.part[np.searchsorted(self.rows, rows)]
        scores = Scores(*np.empty((2, len(rows), self.num_classes), np.float32))
        for k in np.unique(part):
            here = part == k
            self.model = self.models[k]
            of_part = super()._score(inputs[torch.from_numpy(here)], rows[here])
            for values, some in zip(scores, of_part):
                values[here] = some
        return scores

    def _mean(self, inputs: Any, rows: np.ndarray) -> Scores:
        found = []
        for model in self.models:
            self.model = model
            found.append(super()._score(inputs, rows))
        return Scores(*(np.mean(values, axis=0) for values in zip(*found)))


class _SampleNumbers:
    """Batches of sample numbers; a loader asks for an iterator more than once."""

    def __init__(self, scorer: Scorer, spans: Sequence[slice]) -> None:
        self.scorer, self.spans = scorer, spans

    def __iter__(self) -> Iterator[List[int]]:
        batches = (range(*self.scorer.samples(rows)) for rows in self.scorer.batches(self.spans))
        return (list(batch) for batch in batches if len(batch))
