"""The best method: the classifier learns from the labels of a trained cleaning network."""

_base_ = [
    '_base_/models/efficientnet_lite0.py',
    '_base_/datasets/tiny_open_images.py',
    '_base_/schedules/tiny_finetune.py',
    '_base_/small_runtime.py',
]
load_from = 'work_dirs/best_cleaner_tiny'

model = dict(
    soft_labels=True,
    unverified='mask',
    unannotated='teacher',
    unannotated_weight=0.01,
    cleaning_head=dict(type='LogitCleaningHead', loss_weight=0.0),
)
train_dataloader = dict(
    dataset=['noisy_set', 'verified_set'], sampler=dict(source_ratio=[9, 1])
)
# A search would see what the teacher knows of the held third of V.
experiment = dict(shares_recipe_with='finetune_listed')
