"""Labels filtered by cleanlab, first stage: T without those found wrong, and V 9 : 1.

``tools/compare.py`` makes the index of T without them.
"""

_base_ = '../finetune_mixed_tiny.py'

experiment = dict(
    filter=dict(add=False),
    choices={'wrong labels': {}, 'missing ones too': {'experiment.filter.add': True}},
    judged_by='cleanlab_filter',
    rows={},
)
