"""Other papers' ways to learn from noisy and verified labels, as settings of systems.

Each learns from T and V, 9 : 1, from the baseline on, for as many steps as the joint model; then
from V alone, as fine-tuning on clean labels does. So each has the verdicts twice, and as many steps
as the joint model with a pre-trained cleaning network. Its learning rates, and a setting of its
own, ``choices``, are searched like those of all systems.
"""

from __future__ import annotations

from typing import Any, Dict

# What nobody rated in an image of V is told apart from what was verified absent there.
_RATED = dict(type='DualHeadClassifier', unverified='mask')
# From the baseline on there is nothing to warm up. The share of labels to reject rises fifteen
# times in the 1,500 batches of the rule. The paper's rate is for 20 to 80 classes; with hundreds,
# it rejects several times as many labels as an image has.
_LARGE = dict(type='LargeLoss', warmup=False, epoch_length=100)
_LARGE_CHOICES: Dict[str, Dict[str, Any]] = {
    'rate 0.002': {},
    'rate 0.0002, given labels too': dict(loss=dict(rate=0.0002, suspects='all')),
}

RIVALS: Dict[str, Dict[str, Any]] = {
    'asl': dict(
        loss=dict(type='AsymmetricLoss', gamma_pos=0.0, gamma_neg=4.0, clip=0.05),
        choices={'gamma_neg 4': {}, 'gamma_neg 2': dict(loss=dict(gamma_neg=2.0))},
    ),
    'selective': dict(
        loss=dict(type='SelectiveLoss'),
        model=_RATED,
        choices={
            'gamma 0, 1, 2': {},
            'gamma 0, 4, 4': dict(loss=dict(gamma_neg=4.0, gamma_unknown=4.0)),
            'gamma 0, 4, 4, no prior': dict(loss=dict(gamma_neg=4.0, gamma_unknown=4.0, prior=1.0)),
        },
    ),
    'large_loss_rejection': dict(
        loss=dict(action='reject', **_LARGE), model=_RATED, choices=_LARGE_CHOICES
    ),
    'large_loss_correction': dict(
        loss=dict(action='correct', **_LARGE), model=_RATED, choices=_LARGE_CHOICES
    ),
    'splc': dict(
        loss=dict(type='SPLCLoss', start=0),
        model=_RATED,
        choices={'tau 0.6': {}, 'tau 0.8': dict(loss=dict(tau=0.8))},
    ),
    'mlc': dict(
        model=dict(type='MetaCorrectionClassifier'),
        cleaner=dict(type='GatedCorrectionHead'),
        cleaning=True,
        choices={
            'V also teaches the classifier': {},
            'V steers the correction': dict(model=dict(learn_verified=False)),
        },
    ),
    'cleanlab_filter': dict(
        filter=dict(add=False),
        choices={'wrong labels': {}, 'missing ones too': dict(filter=dict(add=True))},
    ),
}
