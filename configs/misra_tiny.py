"""Table 2, "Misra et al. visual classifier": the noise model, on the noisy labels of T.

The relevance classifier is the same model: test it with
``--cfg-options model.head.score=relevance``.
"""

_base_ = [
    '_base_/models/efficientnet_lite0.py',
    '_base_/datasets/tiny_open_images.py',
    '_base_/schedules/tiny_finetune.py',
    '_base_/small_runtime.py',
]
load_from = 'work_dirs/baseline_tiny'

model = dict(head=dict(type='NoiseModelHead', score='visual'))
train_dataloader = dict(dataset='noisy_set')
experiment = dict(
    shares_recipe_with='finetune_mixed',
    rows={
        'misra_visual': {'model.head.score': 'visual'},
        'misra_relevance': {'model.head.score': 'relevance'},
    },
)
