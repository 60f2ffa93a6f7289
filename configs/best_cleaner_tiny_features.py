"""``best_cleaner_tiny.py`` on features that were computed once."""

_base_ = ['best_cleaner_tiny.py', '_base_/datasets/tiny_features.py']
load_from = 'work_dirs/baseline_soft_tiny_features/epoch_6.pth'

model = {{_base_.features_model}}
train_dataloader = {{_base_.verified_loader}}
val_dataloader = {{_base_.val_loader}}
test_dataloader = {{_base_.test_loader}}
