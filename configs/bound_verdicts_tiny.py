"""A bound: fine-tuning where T has verdicts on its noisy labels, too; nobody has them.

``tools/compare.py --bound-verdicts CSV`` makes the index of T with them.
"""

_base_ = [
    '_base_/models/efficientnet_lite0.py',
    '_base_/datasets/tiny_open_images.py',
    '_base_/schedules/tiny_finetune.py',
    '_base_/small_runtime.py',
]
load_from = 'work_dirs/baseline_tiny'

train_dataloader = dict(dataset=['noisy_set', 'verified_set'])
experiment = dict(bound='bound_verdicts', shares_recipe_with='finetune_clean')
