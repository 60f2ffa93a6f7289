import pytest
from conftest import write_release
from made_index import make_data_set
from mmengine.config import Config

from mmnoisy import InputError
from mmnoisy.engine.sets import (
    as_in_tests,
    build_set,
    fill_classes,
    index_folder,
    resolve,
    set_config,
    subset_of,
    trained_on,
)

TEXT = """
data_root = 'there'
train_pipeline = [dict(type='LoadPicture'), dict(type='RandomFlip')]
test_pipeline = [dict(type='LoadPicture')]
noisy_set = dict(type='OpenImages', data_prefix='train')
verified_set = dict(type='OpenImages', data_prefix='validation', indices=3)
test_set = dict(type='OpenImages', ann_file='elsewhere/test')
train_dataloader = dict(dataset=['noisy_set', 'verified_set'])
val_dataloader = dict(dataset='test_set')
model = dict(head=dict(type='MultiLabelLinearClsHead'))
"""


@pytest.fixture
def cfg():
    return resolve(Config.fromstring(TEXT, '.py'))


def test_what_a_set_leaves_out_is_that_of_the_config(cfg):
    noisy, verified = cfg.train_dataloader.dataset.datasets
    assert noisy == cfg.noisy_set
    assert (noisy.data_root, noisy.ann_file) == ('there', 'index/train')
    assert verified.ann_file == 'index/validation'
    assert noisy.pipeline == verified.pipeline == cfg.train_pipeline
    test = cfg.val_dataloader.dataset
    assert test.ann_file == 'elsewhere/test'  # its own
    assert test.pipeline == cfg.test_pipeline
    assert test.test_mode
    assert resolve(cfg) == resolve(resolve(cfg))


def test_sets_are_found_by_name_and_not_by_their_place(cfg):
    assert trained_on(cfg) == ('train', 'validation')
    for dataset, expected in (('verified_set', ('validation',)), (['noisy_set'], ('train',))):
        cfg.train_dataloader.dataset = dataset
        assert trained_on(resolve(cfg)) == expected
        assert index_folder(set_config(cfg, 'train')).name == 'train'
    assert subset_of(cfg, dict(data_root='there', ann_file='index/validation')) == 'validation'
    assert as_in_tests(cfg, 'validation')['pipeline'] == cfg.test_pipeline
    assert 'indices' not in as_in_tests(cfg, 'validation')


def test_refusals(cfg):
    cfg.train_dataloader.dataset = 'noisy'
    with pytest.raises(InputError, match=r"train_dataloader.dataset='noisy': the config has no"):
        resolve(cfg)
    cfg.train_dataloader.dataset = dict(data_root='there', ann_file='mine')
    with pytest.raises(InputError, match="reads 'mine', which is none of its sets"):
        trained_on(cfg)
    cfg.verified_set = None
    with pytest.raises(InputError, match='has no verified_set; let it name the validation set'):
        build_set(cfg, 'validation')


def test_the_number_of_classes_is_that_of_the_checkpoint_or_the_index(cfg, tmp_path):
    with pytest.raises(InputError, match='there is no label index here'):
        fill_classes(cfg)
    make_data_set(tmp_path, num_classes=7)
    cfg.test_set.update(data_root=str(tmp_path), ann_file='index/test')
    fill_classes(cfg)
    assert cfg.model.head.num_classes == 7
    fill_classes(cfg, dict(classes='abc'))  # what is there stays
    assert cfg.model.head.num_classes == 7
    del cfg.model.head.num_classes
    fill_classes(cfg, dict(classes='abc'))
    assert cfg.model.head.num_classes == 3


def test_noisy_labels_of_other_classes(cfg, tmp_path):
    cfg.model.head.in_channels = 2
    cfg.model.cleaning_head = dict(type='LabelCleaningHead')
    fill_classes(cfg, dict(classes='abc', noisy_classes='vwxyz'))
    assert cfg.model.cleaning_head.noisy_classes == 5


def test_an_empty_set_is_refused(cfg, tmp_path):
    make_data_set(tmp_path, sizes=(10, 0, 10))
    cfg.verified_set = dict(type='OpenImages', data_root=str(tmp_path), ann_file='index/validation')
    with pytest.raises(InputError, match='index/validation: the index has no images'):
        build_set(cfg, 'validation')


def test_pictures_do_not_stand_in_for_one_another(cfg, tmp_path):
    from mmnoisy.datasets.release.layout import find_release
    from mmnoisy.datasets.release.prepare import prepare

    write_release(tmp_path, num_images=3)
    prepare(find_release(tmp_path), tmp_path / 'index')
    cfg = Config.fromstring(TEXT.replace("'there'", f"'{tmp_path}'"), '.py')
    dataset = build_set(resolve(cfg), 'train')
    assert dataset.max_unreadable == 0
    assert len(dataset) == 3
