"""As efficientnet_lite0, for 200 objects; the noisy labels are those of 516 other classes.

Of the noisy labels those count whose class has the name of an object, unless a cleaning network
takes the place of this one.
"""

_base_ = 'efficientnet_lite0.py'

model = dict(
    neck=[dict(type='GlobalAveragePooling')],
    head=dict(init_cfg=dict(bias=-5.3)),  # one object an image
    cleaning_head=dict(
        type='ClassMapHead',
        class_map='data/tiny-open-images/index_objects/correspondence.csv',
    ),
)
