"""The paper's metrics AP_all and MAP on verified pairs only (section 4.2)."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence, Tuple

import numpy as np
import torch
from mmengine.dist import all_gather_object, get_rank, get_world_size
from mmengine.evaluator import BaseMetric
from mmpretrain.registry import METRICS

from mmnoisy.errors import InputError
from mmnoisy.evaluation.average_precision import average_precision

VERIFIED_PAIR = np.dtype([('class_id', np.int32), ('score', np.float32), ('present', np.bool_)])
# of some images: how many pairs each has (N,), and their pairs (P,), image by image
Verified = Tuple[np.ndarray, np.ndarray]


@METRICS.register_module()
class VerifiedAveragePrecision(BaseMetric):
    """AP over verified (image, class) pairs; what nobody verified counts neither way.

    `Learning From Noisy Large-Scale Datasets With Minimal Supervision
    <https://arxiv.org/abs/1701.01619>`_, section 4.2 and Eq. 4. All values times 100:

    - ``AP_all``: all pairs taken as one class;
    - ``MAP``: mean of the APs of the classes; a class without a verified positive has no AP and
      leaves the mean;
    - ``MAP_<category>``: the mean over the classes of a category, where the dataset knows any
      (``class_categories`` in its metainfo);
    - ``num_classes``: how many classes are in ``MAP``.

    Equal scores share a rank, see :func:`average_precision`. Only the verified pairs are kept
    and gathered from other processes: 9 bytes a pair. The number of processes has no influence.

    Args:
        collect_device: of :class:`mmengine.evaluator.BaseMetric`.
        prefix: put before the names of the values, with a slash.
        collect_dir: of :class:`mmengine.evaluator.BaseMetric`.
    """

    results: List[Verified]
    default_prefix = ''  # None would be warned about

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._not_finite: List[str] = []

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keeps the scores of the verified classes of each image.

        Args:
            data_batch: not used.
            data_samples: dicts with ``pred_score`` (C,) and the class ids ``verified_pos`` (p,)
                and ``verified_neg`` (n,).

        Raises:
            InputError: the scores are not (C,), or a verdict is on none of the C classes.
        """
        verdicts = [
            np.asarray(sample.get(key, ()), np.int32)
            for sample in data_samples
            for key in ('verified_pos', 'verified_neg')
        ]
        counts = np.array([len(ids) for ids in verdicts])
        num_pairs = counts.reshape(-1, 2).sum(1)
        pairs = np.empty(num_pairs.sum(), VERIFIED_PAIR)
        pairs['class_id'] = np.concatenate(verdicts)
        pairs['present'] = np.repeat(np.arange(len(counts)) % 2 == 0, counts)
        row = torch.from_numpy(np.repeat(np.arange(len(num_pairs)), num_pairs))
        column = torch.from_numpy(pairs['class_id'].astype(np.int64))
        score = _stacked([sample['pred_score'] for sample in data_samples])
        if len(column) and int(column.max()) >= score.shape[1]:
            raise InputError(
                f'there is a verdict on class {int(column.max())}, but the model scores '
                f'{score.shape[1]} classes; set num_classes to the number of classes of the index'
            )
        seen = sum(len(of_batch) for of_batch, _ in self.results)
        for i in (~torch.isfinite(score).all(1)).nonzero().flatten().tolist():
            self._not_finite.append(data_samples[i].get('img_path', f'number {seen + i}'))
        pairs['score'] = score[row, column].float().cpu().numpy()
        self.results.append((num_pairs, pairs))

    def evaluate(self, size: int) -> Dict[str, float]:
        """The values over the images of all processes, the same in each.

        Every process drops its padding before it hands over one array of pairs.

        Args:
            size: number of images of the dataset.

        Returns:
            The values, see the class.

        Raises:
            InputError: scores are not finite, or no pair is verified present.
        """
        num_pairs, pairs = _joined(self.results)
        counts, bad = zip(*all_gather_object((len(num_pairs), self._not_finite)))
        self._not_finite = []
        if any(bad):
            names = [name for of_process in bad for name in of_process]
            raise InputError(
                f'{len(names)} of {sum(counts)} images have scores that are not finite, the first '
                f'is {names[0]}; check the checkpoint, and the learning rate that it was made with'
            )
        kept = images_kept(counts, size)[get_rank()]
        self.results = [(num_pairs[:kept], pairs[: num_pairs[:kept].sum()])]
        return super().evaluate(get_world_size())

    def compute_metrics(self, results: List[Verified]) -> Dict[str, float]:
        """The values, see the class.

        Raises:
            InputError: no pair is verified present.
        """
        _, pairs = _joined(results)
        if not pairs['present'].any():
            raise InputError(
                'the evaluated dataset has no pair that is verified present; evaluate on an '
                'index with verdicts, such as test'
            )
        # Once for both kinds of AP: sorting again what is sorted costs next to nothing.
        order = np.argsort(-pairs['score'])
        class_id, score, present = (pairs[name][order] for name in ('class_id', 'score', 'present'))
        ap = average_precision(score, present, class_id)
        values = {
            'AP_all': float(average_precision(score, present)[0]) * 100,
            'MAP': float(np.nanmean(ap)) * 100,
        }
        for category, members in self._categories().items():
            of_category = ap[[k for k in members if k < len(ap)]]
            if not np.isnan(of_category).all():
                values[f'MAP_{category}'] = float(np.nanmean(of_category)) * 100
        values['num_classes'] = int((~np.isnan(ap)).sum())
        return values

    def _categories(self) -> Dict[str, List[int]]:
        """Class ids by category."""
        members: Dict[str, List[int]] = {}
        for k, categories in enumerate((self.dataset_meta or {}).get('class_categories', ())):
            for category in categories:
                members.setdefault(category, []).append(k)
        return dict(sorted(members.items()))


def _stacked(scores: Sequence[torch.Tensor]) -> torch.Tensor:
    """The scores (B, C) of a batch."""
    shapes = sorted({tuple(score.shape) for score in scores})
    if len(shapes) != 1 or len(shapes[0]) != 1:
        raise InputError(
            f'pred_score has the shape {", ".join(map(str, shapes))}: give the scores (C,) of the '
            'same C classes for every image'
        )
    return torch.stack([*scores])


def images_kept(counts: Sequence[int], size: int) -> np.ndarray:
    """How many images each process keeps; what a sampler added to fill its last round goes.

    The rule is that of :func:`mmengine.dist.collect_results`: images count in turns, the first of
    every process, then the second of every process, until all of the dataset are there.

    Args:
        counts: images each process has seen.
        size: number of images of the dataset.

    Returns:
        (len(counts),) numbers, the first so many images of each process.
    """
    turn = np.concatenate([np.arange(count) for count in counts])
    process = np.repeat(np.arange(len(counts)), counts)
    kept = process[np.argsort(turn, kind='stable')[:size]]
    return np.bincount(kept, minlength=len(counts))


def _joined(parts: Sequence[Verified]) -> Verified:
    num_pairs = [np.empty(0, np.int64), *(part[0] for part in parts)]
    pairs = [np.empty(0, VERIFIED_PAIR), *(part[1] for part in parts)]
    return np.concatenate(num_pairs), np.concatenate(pairs)
