"""Features of tiny-open-images in place of its pictures: a second base beside a ``*_tiny.py``.

``tools/extract_features.py configs/joint_tiny.py --out data/tiny-open-images/features`` makes
them; other paths and widths are the only things to change for another data set or backbone.
"""

features_root = 'data/tiny-open-images'

features_model = dict(
    data_preprocessor=dict(_delete_=True, num_classes=516),
    backbone=dict(_delete_=True, type='GivenFeatures', channels=1280),
    neck=None,
    freeze_backbone=False,
    feature_dtype=None,
)

noisy_features = dict(
    type='OpenImagesFeatures',
    data_root=features_root,
    ann_file='index/train',
    features='features/train',
)
verified_features = dict(
    type='OpenImagesFeatures',
    data_root=features_root,
    ann_file='index/validation',
    features='features/validation',
)
test_features = dict(
    type='OpenImagesFeatures',
    data_root=features_root,
    ann_file='index/test',
    features='features/test',
    test_mode=True,
)

# Reading a batch takes less time than passing it on from a worker.
features_loader = dict(num_workers=0, collate_fn=dict(type='keep_batch'))
noisy_loader = dict(dataset=dict(_delete_=True, **noisy_features), **features_loader)
verified_loader = dict(dataset=dict(_delete_=True, **verified_features), **features_loader)
mixed_loader = dict(
    dataset=dict(
        _delete_=True, type='ConcatFeatures', datasets=[noisy_features, verified_features]
    ),
    **features_loader,
)
val_loader = dict(dataset=dict(_delete_=True, **test_features), **features_loader)
test_loader = dict(dataset=dict(_delete_=True, **test_features), **features_loader)
