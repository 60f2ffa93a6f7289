"""Table 2, "Our Approach with pre-training": second stage, cleaning network at 0.001 too."""

_base_ = 'joint_openimages.py'
load_from = 'work_dirs/pretrain_cleaner_openimages'

optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'cleaning_head': dict(lr_mult=1)}))
