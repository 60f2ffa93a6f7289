"""The methods that ``auto`` chooses from: few, different, each a config with a few changes.

All share what costs most: the start, a classifier that has learned T; the cleaning network, which
has learned V from there on and whose labels people get; and the teacher, another one, from whose
labels a classifier learns. What is surest of a label is not what teaches best: the teacher
remembers the classifier that it began as, the cleaning network keeps to what verdicts tell. Nothing
in a candidate belongs to one data set.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Tuple

import numpy as np

from mmnoisy.datasets.label_index import LabelIndex

START, CLEANER, TEACHER = 'start', 'cleaner', 'teacher'
BASELINE = 'baseline'
SOFT, FAST, SLOW = '_soft', '_fast', '_slow'
BY_RATE = 'finetune_listed'
"""The method by which the rates of all are chosen."""
SOUP, MEMBERS = 'soup', ('best', 'finetune_listed', 'finetune_clean')
"""The mean of methods, which is chosen unless another one is surely ahead; trained as the first."""
FEW_PASSES, MANY_PASSES = 50, 300
"""Over V at most: a short training of the teacher; fine-tuning."""
VARIANCES = (0.5, 5.0, 2.0)
"""Of the priors of a cleaning network, see :class:`mmnoisy.models.HierarchicalCleaningHead`."""
RATES = (1.0, 1 / 3, 1 / 9)
"""Factors of the learning rates, from those of the configs downwards."""
FAST_BIASES = 30.0
"""Rate of the biases, relative to that of the weights, where classes are present nearly always."""


class Candidate(NamedTuple):
    """A method.

    Attributes:
        name: in files and on the command line.
        text: what it does, in words.
        system: the name of its config.
        changes: settings that replace those of its config, by ``key.subkey``.
        begins_with: what its weights begin with, ``START`` or ``TEACHER``; '' for random ones.
        factor: of the learning rates of the weights, those of the biases stay.
        average_with: the methods whose classifiers its own is averaged with in the end.
    """

    name: str
    text: str
    system: str
    changes: Mapping[str, Any]
    begins_with: str = TEACHER
    factor: float = 1.0
    average_with: Tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Its name in folders, which says its rates too."""
        rate = f'{self.factor:.3g}'.replace('.', '_')  # a dot would end the name of a file
        return self.name if self.factor == 1 else f'{self.name}-{rate}'


def starts(confident: bool) -> List[Candidate]:
    """Classifiers that learn T alone, the simplest first.

    Args:
        confident: the noisy labels have confidences that differ.
    """
    hard = Candidate('start', 'T with its labels as they are', 'baseline', {}, '')
    soft = Candidate(f'start{SOFT}', 'T with its confidences', 'baseline_soft', {}, '')
    return [hard, soft] if confident else [hard]


def with_fast_biases(one: Candidate) -> List[Candidate]:
    """A start whose biases learn faster, and one whose weights learn slower besides."""
    fast = one._replace(
        name=f'{one.name}{FAST}',
        text=f'{one.text}, biases at a higher rate',
        changes={**one.changes, 'optim_wrapper.paramwise_cfg.bias_lr_mult': FAST_BIASES},
    )
    slow = fast._replace(
        name=f'{fast.name}{SLOW}', text=f'{fast.text}, weights at a lower one', factor=RATES[1]
    )
    return [fast, slow]


def cleaners(soft: bool) -> List[Candidate]:
    """Cleaning networks that learn V alone; the further down, the more may classes differ."""
    return [
        Candidate(
            name,
            f'cleaning network on V, {text}',
            'cleaner',
            {
                'model.soft_labels': soft,
                'model.cleaning_head.variances': [scale * one for one in VARIANCES],
            },
            START,
        )
        for name, text, scale in (
            ('cleaner_strict', 'classes differ little', 1 / 3),
            ('cleaner', 'classes differ', 1.0),
            ('cleaner_free', 'classes differ much', 3.0),
        )
    ]


def teachers(soft: bool) -> List[Candidate]:
    """Teachers of a classifier that learn V alone, the shortest training first."""
    common = {'model.soft_labels': soft}
    few = Candidate(
        'teacher_short',
        f'teacher, at most {FEW_PASSES} passes over V',
        'best_cleaner',
        {**common, 'train_cfg.max_passes': FEW_PASSES},
        START,
    )
    unlimited = {**common, 'train_cfg.max_passes': None}
    return [few, few._replace(name='teacher', text='teacher on V', changes=unlimited)]


def methods(cleaner: Candidate, weight: float, factor: float = 1.0) -> List[Candidate]:
    """The methods, the simplest first.

    Args:
        cleaner: the cleaning network, of :func:`cleaners`.
        weight: of classes that nobody listed or rated, beside 1 of the others.
        factor: of the learning rates of what begins with the start or the teacher.
    """
    common = {'model.soft_labels': cleaner.changes['model.soft_labels']}
    on_v = {
        'train_dataloader.dataset': 'verified_set',
        'train_dataloader.sampler.source_ratio': None,
        'train_cfg.min_images': 128_000,
        'train_cfg.max_passes': MANY_PASSES,
    }
    absent = {
        'model.unverified': 'absent',
        'model.unannotated': 'absent',
        'model.unannotated_weight': 1.0,
    }
    as_before = {'model.unannotated_weight': weight}
    best = Candidate(
        'best',
        'fine-tuned on the cleaned labels of T and on V; what nobody rated is as T said',
        'best',
        {**common, **as_before},
    )
    found = [
        cleaner._replace(
            name=BASELINE, text='a classifier of T alone; V teaches only the cleaning network'
        ),
        Candidate(
            'finetune_clean',
            'fine-tuned on V alone; what nobody rated is absent',
            'best',
            {**common, **on_v, **absent},
        ),
        Candidate(
            'finetune_listed',
            'fine-tuned on V alone; what nobody rated is as T said',
            'best',
            {**common, **on_v, **as_before},
        ),
        Candidate(
            'joint',
            'cleaning network and classifier trained jointly on T and V, as in the paper',
            'joint',
            common,
            START,
        ),
        best,
        best._replace(
            name=SOUP,
            text=f'the mean of {", ".join(MEMBERS)}: their weights are averaged',
            average_with=MEMBERS[1:],
        ),
    ]
    return [one if one.name == BASELINE else one._replace(factor=factor) for one in found]


METHODS = tuple(one.name for one in methods(cleaners(False)[0], 1.0))


def facts(train: LabelIndex) -> Dict[str, Any]:
    """What T says without any verdict.

    Returns:
        ``confident``: whether its labels have confidences that differ; ``weight``: how many
        classes of an image are listed, for one that is not.
    """
    value, num_classes = train.noisy.value, len(train.classes)
    listed = len(value) / max(1, len(train))
    return {
        'confident': bool(len(value)) and bool(np.ptp(value) > 0),
        'weight': float(f'{listed / max(1.0, num_classes - listed):.2g}'),
    }
