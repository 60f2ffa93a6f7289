"""Table 2, "Our Approach with pre-training": second stage."""

_base_ = 'joint_tiny.py'
load_from = 'work_dirs/pretrain_cleaner_tiny'

experiment = dict(shares_recipe_with='joint')
