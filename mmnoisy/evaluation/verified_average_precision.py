"""The paper's metrics AP_all and MAP on verified pairs only (section 4.2)."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence, Tuple

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmpretrain.registry import METRICS

from mmnoisy.errors import InputError
from mmnoisy.evaluation.average_precision import average_precision

# class ids (k,), scores (k,) and verdicts (k,) of one image
Verified = Tuple[np.ndarray, np.ndarray, np.ndarray]


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
    and gathered from other processes: 12 bytes a pair.

    Args:
        collect_device: of :class:`mmengine.evaluator.BaseMetric`.
        prefix: put before the names of the values, with a slash.
        collect_dir: of :class:`mmengine.evaluator.BaseMetric`.
    """

    results: List[Verified]
    default_prefix = ''  # None would be warned about

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keeps the scores of the verified classes of each image.

        Args:
            data_batch: not used.
            data_samples: dicts with ``pred_score`` (C,) and the class ids ``verified_pos`` (p,)
                and ``verified_neg`` (n,).
        """
        for sample in data_samples:
            present, absent = (
                np.asarray(sample.get(key, ()), np.int32)
                for key in ('verified_pos', 'verified_neg')
            )
            classes = np.concatenate([present, absent])
            score = sample['pred_score'][torch.from_numpy(classes).long()].float().cpu().numpy()
            self.results.append((classes, score, np.arange(len(classes)) < len(present)))

    def compute_metrics(self, results: List[Verified]) -> Dict[str, float]:
        """The values, see the class.

        Raises:
            InputError: no pair is verified present.
        """
        classes, score, positive = (np.concatenate(parts) for parts in zip(*results))
        if not positive.any():
            raise InputError(
                'the evaluated dataset has no pair that is verified present; evaluate on an '
                'index with verdicts, such as test'
            )
        ap = average_precision(score, positive, classes)
        values = {
            'AP_all': float(average_precision(score, positive)[0]) * 100,
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
