"""``baseline_soft_tiny.py`` on features that were computed once."""

_base_ = ['baseline_soft_tiny.py', '_base_/datasets/tiny_features.py']

model = {{_base_.features_model}}
train_dataloader = {{_base_.noisy_loader}}
val_dataloader = {{_base_.val_loader}}
test_dataloader = {{_base_.test_loader}}
