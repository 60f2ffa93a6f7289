"""Hooks, environment and log of every run."""

default_scope = 'mmpretrain'
custom_imports = dict(imports=['mmnoisy'], allow_failed_imports=False)

default_hooks = dict(
    runtime_info=dict(type='LazyRuntimeInfoHook'),
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=100),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='WholeCheckpointHook', interval=1, interval_minutes=10, max_keep_ckpts=2
    ),
    sampler_seed=dict(type='DistSamplerSeedHook'),
)
custom_hooks = [
    dict(type='ClassListHook'),
    dict(type='FitStandardizeHook'),
    dict(type='CountVerifiedHook'),
    dict(type='ProgressHook'),
]

env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)
visualizer = dict(type='UniversalVisualizer', vis_backends=[dict(type='LocalVisBackend')])
log_level = 'INFO'
randomness = dict(seed=0)
load_from = None
resume = False
