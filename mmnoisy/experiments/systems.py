"""The systems of the paper's Table 2, bounds and rivals: what is trained from what, on what."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from mmpretrain.registry import MODELS

from mmnoisy.experiments.rivals import RIVALS
from mmnoisy.errors import InputError
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
        loss: of the classifier.
        model: the type of the classifier, and settings of it.
        cleaner: the type of the cleaning head, and settings of it.
        rate: learning rate of the weights before a search, as a multiple of that of the rule.
        most_passes: over its images, where fewer are enough than the rule has; None: as the rule
            has it.
        cleaning_rate: learning rate of what begins at random in it, as a multiple of that of the
            layers that begin as the classifier.
        finish: the system whose sources and recipe it is trained with in the end.
        filter: settings of :func:`mmnoisy.experiments.filtering.filtered`, by which T loses the
            labels that cleanlab finds wrong; None: it keeps all.
        choices: settings to search besides the learning rates: by a name, what to change in other
            attributes; the first one is the rule's.
    """

    sources: Tuple[str, ...]
    start: Optional[str]
    methods: Dict[str, Dict[str, Any]]
    head: Dict[str, Any] = dict(type='MultiLabelLinearClsHead')
    cleaning: bool = False
    classify: float = 1.0
    tuned_as: Optional[str] = None
    loss: Dict[str, Any] = dict(type='CrossEntropyLoss', use_sigmoid=True)
    model: Dict[str, Any] = dict(type='DualHeadClassifier')
    cleaner: Dict[str, Any] = dict(type='LabelCleaningHead', act_cfg=dict(type='ReLU'))
    rate: float = 1.0
    most_passes: Optional[int] = None
    cleaning_rate: float = 1.0
    finish: Optional[str] = None
    filter: Optional[Dict[str, Any]] = None
    choices: Dict[str, Dict[str, Dict[str, Any]]] = {}

    @property
    def uses_verdicts(self) -> bool:
        """Whether the number of verified images matters to it."""
        return 'V' in self.sources

    def chosen(self, choice: str) -> System:
        """The system with one of its ``choices``, the first one if ``choice`` is empty.

        Raises:
            InputError: it has no such choice.
        """
        if not choice:
            return self
        if choice not in self.choices:
            raise InputError(
                f'choice={choice!r}: is none of the system; give one of {[*self.choices]}'
            )
        changed: Dict[str, Any] = {
            name: {**getattr(self, name), **values} for name, values in self.choices[choice].items()
        }
        return self._replace(**changed)


# The machine knows how sure it is of a label.
SOFT = dict(type='DualHeadClassifier', soft_labels=True)
# Only what was rated, or given by the machine, counts in full; the rest stays as it was before.
LISTED = dict(**SOFT, unverified='mask', unlisted='former', unlisted_weight=0.01)
# A few hundred verified images are learned by heart in the 500 batches of the rule.
ON_V: Dict[str, Any] = dict(rate=1 / 3, most_passes=50)
TEACHER = dict(type='LogitCleaningHead', loss_weight=0.0)

PAPER = {
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
}
BEYOND = {
    **{
        name: System(('T', 'V'), 'baseline', {name: {}}, finish='finetune_clean', **settings)
        for name, settings in RIVALS.items()
    },
    # What learns better than the paper's method, its parts one by one, and their bound.
    'baseline_soft': System(('T',), None, {'baseline_soft': {}}, model=SOFT, tuned_as='baseline'),
    'joint_soft': System(
        ('T', 'V'),
        'baseline_soft',
        {'joint_soft': {}},
        cleaning=True,
        model=SOFT,
        tuned_as='joint',
    ),
    'joint_listed': System(
        ('T', 'V'),
        'baseline_soft',
        {'joint_listed': {}},
        cleaning=True,
        model=LISTED,
        tuned_as='joint',
    ),
    'finetune_listed': System(
        ('V',), 'baseline_soft', {'finetune_listed': {}}, model=LISTED, **ON_V
    ),
    'best_cleaner': System(
        ('V',),
        'baseline_soft',
        {},
        cleaning=True,
        classify=0.0,
        model=dict(**SOFT, unverified='mask'),
        cleaner=dict(type='LogitCleaningHead'),
        cleaning_rate=10.0,
        tuned_as='finetune_listed',
        **ON_V,
    ),
    'best': System(
        ('T', 'V'),
        'best_cleaner',
        {'best': {}},
        cleaning=True,
        model=LISTED,
        cleaner=TEACHER,
        rate=1 / 3,
        tuned_as='finetune_listed',  # a search would see what the teacher knows of the held third
    ),
    'bound_verdicts_best': System(
        ('bound_verdicts', 'V'),
        'baseline_soft',
        {'bound_verdicts_best': {}},
        model=LISTED,
        rate=1 / 3,
        tuned_as='finetune_listed',
    ),
}
SYSTEMS = {**PAPER, **BEYOND}


def systems(bounds: Sequence[str], beyond: bool = False) -> List[str]:
    """The systems to compare, each after the one that it starts from.

    Args:
        bounds: those of the two bounds for which there are labels.
        beyond: also the systems that the paper does not have, :data:`BEYOND`.
    """
    known = {'T', 'V', *bounds}
    return [
        name
        for name, system in (SYSTEMS if beyond else PAPER).items()
        if known.issuperset(system.sources)
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
    loss = dict(**system.loss, loss_weight=system.classify)
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
