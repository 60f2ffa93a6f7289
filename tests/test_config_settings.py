"""What the settings of the configs say: rows, sets, rates; nothing is trained."""

import pytest
from conftest import REPO
from test_configs import CONFIGS, LARGE

from mmnoisy.engine.config import load_config
from mmnoisy.engine.sets import LOADERS, SETS, index_folder, subset_of, trained_on

TABLE_2 = [
    'baseline',
    'finetune_clean',
    'finetune_mixed',
    'joint',
    'joint_pretrained',
    'misra',
    'pretrain_cleaner',
]


def test_every_row_of_table_2_is_there():
    names = {path.stem for path in CONFIGS}
    assert names >= {f'{row}_{kind}' for row in TABLE_2 for kind in ('openimages', 'tiny')}
    assert names >= {'baseline_demo', 'joint_demo', LARGE}


@pytest.mark.parametrize(
    ('row', 'classifier', 'cleaner', 'frozen'),
    [
        ('baseline', 0.045, None, False),
        ('finetune_clean', 0.001, None, True),
        ('finetune_mixed', 0.001, None, True),
        ('misra', 0.001, None, True),
        ('joint', 0.001, 0.015, True),
        ('pretrain_cleaner', 0.001, 0.015, True),
        ('joint_pretrained', 0.001, 0.001, True),
    ],
)
def test_hyper_parameters_of_section_4_4(row, classifier, cleaner, frozen):
    cfg = load_config(REPO / f'configs/{row}_openimages.py')
    assert cfg.optim_wrapper.optimizer.type == 'RMSpropTF'
    assert cfg.optim_wrapper.optimizer.lr == classifier
    if cleaner:
        keys = cfg.optim_wrapper.paramwise_cfg.custom_keys
        assert classifier * keys.cleaning_head.lr_mult == pytest.approx(cleaner)
        assert cfg.model.cleaning_head.get('loss_weight', 0.1) == 0.1
    assert cfg.param_scheduler.gamma == 0.94
    assert cfg.param_scheduler.step_size == round(2 * 9_011_219 / 32)
    batches = {'baseline': 49_000_000, 'pretrain_cleaner': 400_000}.get(row, 4_000_000)
    assert cfg.train_cfg.max_iters == batches
    assert cfg.train_dataloader.batch_size == 32
    assert cfg.model.get('freeze_backbone', False) == frozen
    mixed = row in ('finetune_mixed', 'joint', 'joint_pretrained')
    assert cfg.train_dataloader.sampler.get('source_ratio') == ([9, 1] if mixed else None)


def test_training_sets_of_the_rows():
    for row in TABLE_2:
        of_t = row in ('baseline', 'misra')
        of_v = row in ('finetune_clean', 'pretrain_cleaner')
        expected = ('train',) if of_t else ('validation',) if of_v else ('train', 'validation')
        for data in ('openimages', 'tiny'):
            cfg = load_config(REPO / f'configs/{row}_{data}.py')
            assert trained_on(cfg) == expected
            assert subset_of(cfg, cfg.test_dataloader.dataset) == 'test'


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_other_data_take_one_argument(path, tmp_path):
    cfg = load_config(path, cfg_options={'data_root': str(tmp_path), 'index': 'labels'})
    loaders = (cfg[name].dataset for name in LOADERS)
    sets = [part for loader in loaders for part in loader.get('datasets', [loader])]
    for settings in [*sets, *(cfg[name] for name in SETS.values())]:
        assert index_folder(settings).parent == tmp_path / 'labels'
