"""``best_objects_tiny.py`` on features that were computed once."""

_base_ = ['best_objects_tiny.py', '_base_/datasets/tiny_objects_features.py']
load_from = 'work_dirs/best_cleaner_objects_tiny_features/epoch_8.pth'

model = {{_base_.features_model}}
train_dataloader = {{_base_.mixed_loader}}
val_dataloader = {{_base_.val_loader}}
test_dataloader = {{_base_.test_loader}}
