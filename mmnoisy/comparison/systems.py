"""The systems of the paper's Table 2, and the two bounds: what is trained from what, on what."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from mmpretrain.registry import MODELS

from mmnoisy.models import DualHeadClassifier

RATIO = (9, 1)  # T to V in a batch (section 3.2)
# Few classes are present in an image; less than the rate of rare ones, which tells them apart
# from frequent ones by their biases instead of by what they look like.
INITIAL_BIAS = -2.0


class System(NamedTuple):
    """One model of the comparison.

    Attributes:
        sources: the images it learns from: ``T``, ``V``, or T with the verdicts of a bound.
        start: the system whose weights it starts from; None for random ones.
        methods: the rows that it gives, each by the attributes of its head that make it so.
        head: settings of its head.
        cleaning: whether it has a cleaning head.
        classify: weight of the classification loss.
        tuned_as: the system that its recipe is searched with; None: with itself.
        model: the type of the classifier, and settings of it.
        cleaner: the type of the cleaning head, and settings of it.
        cleaning_rate: learning rate of what begins at random in it, as a multiple of that of the
            layers that begin as the classifier.
    """

    sources: Tuple[str, ...]
    start: Optional[str]
    methods: Dict[str, Dict[str, Any]]
    head: Dict[str, Any] = dict(type='MultiLabelLinearClsHead')
    cleaning: bool = False
    classify: float = 1.0
    tuned_as: Optional[str] = None
    model: Dict[str, Any] = dict(type='DualHeadClassifier')
    cleaner: Dict[str, Any] = dict(type='LabelCleaningHead', act_cfg=dict(type='ReLU'))
    cleaning_rate: float = 1.0

    @property
    def uses_verdicts(self) -> bool:
        """Whether the number of verified images matters to it."""
        return 'V' in self.sources


# Only what was rated, or given by the machine, counts in full.
LISTED = dict(type='DualHeadClassifier', unverified='mask', unlisted_weight=0.01)
TEACHER = dict(type='LogitCleaningHead', loss_weight=0.0)

SYSTEMS = {
    'baseline': System(('T',), None, {'baseline': {}}),
    'finetune_clean': System(('V',), 'baseline', {'finetune_clean': {}}),
    'finetune_mixed': System(('T', 'V'), 'baseline', {'finetune_mixed': {}}),
    'misra': System(
        ('T',),
        'baseline',
        {'misra_visual': dict(score='visual'), 'misra_relevance': dict(score='relevance')},
        head=dict(type='NoiseModelHead'),
        tuned_as='finetune_mixed',
    ),
    'pretrain_cleaner': System(
        ('V',), 'baseline', {}, cleaning=True, classify=0.0, tuned_as='joint'
    ),
    'joint_pretrained': System(
        ('T', 'V'), 'pretrain_cleaner', {'joint_pretrained': {}}, cleaning=True, tuned_as='joint'
    ),
    'joint': System(('T', 'V'), 'baseline', {'joint': {}}, cleaning=True),
    'bound_verdicts': System(
        ('bound_verdicts', 'V'), 'baseline', {'bound_verdicts': {}}, tuned_as='finetune_clean'
    ),
    'bound_truth': System(
        ('bound_truth', 'V'), 'baseline', {'bound_truth': {}}, tuned_as='finetune_clean'
    ),
    # What learns better than the paper's method, its parts one by one, and their bound.
    'finetune_listed': System(('V',), 'baseline', {'finetune_listed': {}}, model=LISTED),
    'joint_listed': System(
        ('T', 'V'), 'baseline', {'joint_listed': {}}, cleaning=True, model=LISTED, tuned_as='joint'
    ),
    'best_cleaner': System(
        ('V',),
        'baseline',
        {},
        cleaning=True,
        classify=0.0,
        model=LISTED,
        cleaner=dict(type='LogitCleaningHead'),
        cleaning_rate=10.0,
        tuned_as='finetune_listed',
    ),
    'best': System(
        ('T', 'V'),
        'best_cleaner',
        {'best': {}},
        cleaning=True,
        model=LISTED,
        cleaner=TEACHER,
    ),
    'bound_verdicts_best': System(
        ('bound_verdicts', 'V'),
        'baseline',
        {'bound_verdicts_best': {}},
        model=LISTED,
        tuned_as='best',
    ),
}
OURS = ('finetune_listed', 'joint_listed', 'best_cleaner', 'best', 'bound_verdicts_best')


def systems(bounds: Sequence[str], ours: bool = False) -> List[str]:
    """The systems to compare, each after the one that it starts from.

    Args:
        bounds: those of the two bounds for which there are labels.
        ours: also the systems that learn better than the paper's, ``OURS``.
    """
    known = {'T', 'V', *bounds}
    return [
        name
        for name, system in SYSTEMS.items()
        if known.issuperset(system.sources) and (ours or name not in OURS)
    ]


def build_model(system: System, num_classes: int, dim: int) -> DualHeadClassifier:
    """The model of a system, on features.

    Args:
        system: which one.
        num_classes: C.
        dim: D, width of the features.
    """
    sizes = dict(num_classes=num_classes, in_channels=dim)
    init = dict(type='Normal', layer='Linear', std=0.01, bias=INITIAL_BIAS)
    loss = dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=system.classify)
    cleaning = dict(**system.cleaner, **sizes)
    model = MODELS.build(
        dict(
            **system.model,
            backbone=dict(type='GivenFeatures', channels=dim),
            head=dict(**system.head, **sizes, loss=loss, init_cfg=init),
            cleaning_head=cleaning if system.cleaning else None,
        )
    )
    model.init_weights()
    return model
