"""Table 2, "Misra et al. visual classifier": the noise model, on the noisy labels of T.

The relevance classifier is the same model: test it with
``--cfg-options model.head.score=relevance``.
"""

_base_ = [
    '_base_/models/inception_v3.py',
    '_base_/datasets/open_images.py',
    '_base_/schedules/openimages_finetune.py',
    '_base_/iteration_runtime.py',
]
load_from = 'work_dirs/baseline_openimages'

model = dict(freeze_backbone=True, head=dict(type='NoiseModelHead', score='visual'))
train_dataloader = dict(dataset='noisy_set')
