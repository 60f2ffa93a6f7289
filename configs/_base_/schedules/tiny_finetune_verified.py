"""Fine-tuning of the baseline on V alone: 128,000 images or one pass over them, if that is more."""

_base_ = 'tiny_finetune.py'

train_cfg = dict(min_images=128_000)
