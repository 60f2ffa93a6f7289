"""First stage of the best method: trained on the confidences of the noisy labels of T."""

_base_ = 'baseline_tiny.py'

model = dict(soft_labels=True)
experiment = dict(shares_recipe_with='baseline')
