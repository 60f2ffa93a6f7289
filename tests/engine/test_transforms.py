import pytest
from made_index import make_data_set
from mmengine.config import Config

from mmnoisy import InputError
from mmnoisy.engine.config import load_config
from mmnoisy.engine.sets import index_folder, resolve, trained_on
from mmnoisy.engine.transforms import (
    at_rate,
    hold_out,
    on_data,
    on_features,
    on_part,
    split_neck,
    with_seed,
)

TEXT = """
data_root = 'there'
train_pipeline = [dict(type='LoadPicture')]
test_pipeline = [dict(type='LoadPicture')]
noisy_set = dict(type='OpenImages', data_prefix='train')
verified_set = dict(type='OpenImages', data_prefix='validation')
test_set = dict(type='OpenImages', data_prefix='test')
train_dataloader = dict(
    batch_size=4, num_workers=2, prefetch_factor=3, dataset=['noisy_set', 'verified_set']
)
val_dataloader = dict(batch_size=4, num_workers=2, dataset='test_set')
custom_hooks = [dict(type='ProgressHook')]
model = dict(
    type='DualHeadClassifier',
    data_preprocessor=dict(mean=[1.0], std=[2.0]),
    backbone=dict(type='ResNet', depth=18),
    neck=[dict(type='GlobalAveragePooling'), dict(type='Standardize', in_channels=512)],
    freeze_backbone=True,
    feature_dtype='bfloat16',
    head=dict(type='MultiLabelLinearClsHead', in_channels=512),
    cleaning_head=dict(type='LabelCleaningHead', in_channels=512),
)
optim_wrapper = dict(
    optimizer=dict(type='Adam', lr=0.5),
    paramwise_cfg=dict(
        bias_lr_mult=8,
        custom_keys={'cleaning_head': dict(lr_mult=2), 'cleaning_head.w.bias': dict(lr_mult=6)},
    ),
)
"""


@pytest.fixture
def cfg(tmp_path):
    make_data_set(tmp_path)
    return resolve(Config.fromstring(TEXT.replace("'there'", f"'{tmp_path}'"), '.py'))


def test_features_take_the_place_of_pictures(cfg, tmp_path):
    before = cfg.to_dict()
    on_bank = on_features(cfg, tmp_path / 'features')
    assert cfg.to_dict() == before
    noisy, verified = on_bank.train_dataloader.dataset.datasets
    assert (noisy, verified) == (on_bank.noisy_set, on_bank.verified_set)
    assert noisy == dict(
        type='OpenImagesFeatures',
        data_root=str(tmp_path),
        ann_file='index/train',
        features=str(tmp_path / 'features/train'),
    )
    assert on_bank.val_dataloader.dataset.test_mode
    for loader in (on_bank.train_dataloader, on_bank.val_dataloader):
        assert (loader.batch_size, loader.num_workers) == (4, 0)
        assert loader.collate_fn == dict(type='keep_batch')
        assert 'prefetch_factor' not in loader
    model = on_bank.model
    assert model.backbone.channels == model.head.in_channels == model.neck[0].in_channels == 8
    assert [layer.type for layer in model.neck] == ['Standardize']
    assert 'in_channels' not in model.cleaning_head
    assert not model.freeze_backbone
    assert 'mean' not in model.data_preprocessor


def test_a_set_with_images_of_several_banks(cfg, tmp_path):
    cfg.verified_set.features = ['validation', 'train']
    on_bank = on_features(cfg, tmp_path / 'features')
    folders = [str(tmp_path / 'features' / name) for name in ('validation', 'train')]
    assert on_bank.train_dataloader.dataset.datasets[1].features == folders


def test_what_has_no_twin_on_features(cfg, tmp_path):
    with pytest.raises(InputError, match='there is no feature bank here'):
        on_features(cfg, tmp_path / 'nowhere')
    cfg.model.auxiliary_head = dict(type='MultiLabelLinearClsHead')
    with pytest.raises(InputError, match=r'model.auxiliary_head needs other features'):
        on_features(cfg, tmp_path / 'features')


def test_standardize_comes_last():
    pool, last = dict(type='GlobalAveragePooling'), dict(type='Standardize', in_channels=2)
    assert split_neck(None) == ([], [])
    assert split_neck(pool) == ([pool], [])
    assert split_neck([pool, last]) == ([pool], [last])
    with pytest.raises(InputError, match='Standardize is not its last layer'):
        split_neck([last, pool])


def test_other_data(cfg, tmp_path):
    moved = on_data(cfg, tmp_path / 'labels', 'pictures')
    for part in (*moved.train_dataloader.dataset.datasets, moved.test_set):
        assert part.data_root == 'pictures'
        assert index_folder(part).parent == tmp_path / 'labels'
    assert trained_on(moved) == ('train', 'validation')


def test_a_part_of_one_set(cfg):
    noisy, verified = on_part(cfg, 'validation', range(2, 5)).train_dataloader.dataset.datasets
    assert verified.indices == [2, 3, 4]
    assert 'indices' not in noisy
    assert 'indices' not in cfg.train_dataloader.dataset.datasets[1]


def test_rates_of_weights_and_not_of_biases(cfg):
    slow = at_rate(cfg, 0.25).optim_wrapper
    assert slow.optimizer.lr == 0.125
    assert slow.optimizer.lr * slow.paramwise_cfg.bias_lr_mult == 0.5 * 8
    keys = slow.paramwise_cfg.custom_keys
    assert slow.optimizer.lr * keys['cleaning_head'].lr_mult == 0.25
    assert slow.optimizer.lr * keys['cleaning_head.w.bias'].lr_mult == 3
    assert cfg.optim_wrapper.optimizer.lr == 0.5


def test_seeds(cfg):
    assert with_seed(cfg, 3).randomness.seed == 3


def test_images_of_v_that_are_held_out(cfg, tmp_path):
    cfg = on_features(cfg, tmp_path / 'features')
    held = hold_out(cfg, 20)
    assert held.train_dataloader.dataset.datasets[1].indices == [*range(40)]
    assert held.custom_hooks[0].held_back.dataset.indices == [*range(40, 60)]
    with pytest.raises(InputError, match='--hold-back 60: give less than the 60 images of V'):
        hold_out(cfg, 60)


def test_the_option_of_the_tools(tmp_path):
    make_data_set(tmp_path)
    (tmp_path / 'pictures.py').write_text(TEXT.replace("'there'", f"'{tmp_path}'"))
    cfg = load_config(tmp_path / 'pictures.py', features=tmp_path / 'features')
    assert cfg.noisy_set.type == 'OpenImagesFeatures'
