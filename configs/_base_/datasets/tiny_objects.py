"""tiny_open_images with verdicts on 200 objects, complete for each image (docs/data.md)."""

_base_ = 'tiny_open_images.py'

index = 'index_objects'
train_dataloader = dict(batch_size=64)
