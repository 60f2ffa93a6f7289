"""Features of tiny_objects, which are those of tiny-open-images: a second base, as tiny_features."""

_base_ = 'tiny_features.py'

features_model = dict(data_preprocessor=dict(num_classes=200))

common = dict(type='OpenImagesFeatures', data_root='data/tiny-open-images')
noisy_features = dict(ann_file='index_objects/train', features='features/train', **common)
verified_features = dict(
    ann_file='index_objects/validation', features='features/validation', **common
)
test_features = dict(ann_file='index_objects/test')

noisy_loader = dict(dataset=noisy_features)
verified_loader = dict(dataset=verified_features)
mixed_loader = dict(dataset=dict(datasets=[noisy_features, verified_features]))
val_loader = dict(dataset=test_features)
test_loader = val_loader
