"""``clean_objects_tiny.py`` on features that were computed once."""

_base_ = ['clean_objects_tiny.py', '_base_/datasets/tiny_objects_features.py']

model = {{_base_.features_model}}
train_dataloader = {{_base_.verified_loader}}
val_dataloader = {{_base_.val_loader}}
test_dataloader = {{_base_.test_loader}}
