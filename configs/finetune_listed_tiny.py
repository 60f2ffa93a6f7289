"""Fine-tuning on V, absences that nobody rated count little: a part of the best method."""

_base_ = [
    '_base_/models/efficientnet_lite0.py',
    '_base_/datasets/tiny_open_images.py',
    '_base_/schedules/tiny_finetune_verified.py',
    '_base_/small_runtime.py',
]
load_from = 'work_dirs/baseline_soft_tiny'

model = dict(soft_labels=True, unverified='mask', unannotated='teacher', unannotated_weight=0.01)
train_dataloader = dict(dataset='verified_set')
# A few hundred verified images would be learned by heart.
train_cfg = dict(max_passes=50)
