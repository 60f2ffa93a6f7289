"""tiny_open_images with verdicts on 200 objects, complete for each image (docs/data.md)."""

_base_ = 'tiny_open_images.py'

noisy_set = dict(ann_file='index_objects/train')
verified_set = dict(ann_file='index_objects/validation')
test_set = dict(ann_file='index_objects/test')

val_dataloader = dict(dataset=test_set)
test_dataloader = val_dataloader
