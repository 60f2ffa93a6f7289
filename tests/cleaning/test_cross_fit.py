"""No model that scores a fold of V may know its verdicts, whatever it begins with."""

import numpy as np
import pytest
import torch
from made_index import make_data_set

from mmnoisy.cleaning.cross_fit import cross_fit, fold_of_images, stages_on_v
from mmnoisy.datasets import LabelIndex
from mmnoisy.engine.checkpoints.provenance import config_of, config_text, start_of
from mmnoisy.engine.config import load_config
from mmnoisy.engine.runner import build_runner, resume_from
from mmnoisy.engine.sets import build_set, index_folder, set_config, trained_on
from mmnoisy.errors import InputError

SHORT = dict(by_epoch=False, max_iters=3, val_interval=100)
SAVED = {'type': 'WholeCheckpointHook', 'by_epoch': False, 'interval': 3}


@pytest.fixture
def made(tmp_path):
    make_data_set(tmp_path, sizes=(40, 20, 8))
    return tmp_path


def config(root, name, dataset, load_from=None, max_iters=3):
    """A stage of a training that begins with the checkpoint of another."""
    options = {
        'train_dataloader.dataset': dataset,
        'train_cfg': {'_delete_': True, **SHORT, 'max_iters': max_iters},
        'default_hooks.checkpoint': {'_delete_': True, **SAVED},
        'log_processor': dict(by_epoch=False),
        'load_from': load_from,
    }
    if len(dataset) == 1:
        options['train_dataloader.sampler'] = dict(_delete_=True, type='InfiniteSampler')
    return load_config(root / 'config.py', str(root / name), options)


def train(cfg):
    build_runner(cfg).train()
    return cfg.work_dir


def stages(root):
    """A chain: T, then V, then T, then both."""
    before = None
    for name, sets in (('t', ['noisy_set']), ('v', ['verified_set']), ('t_again', ['noisy_set'])):
        before = train(config(root, name, sets, before))
    return config(root, 'both', ['noisy_set', 'verified_set'], before)


def scores_of_v(cfg):
    def score(model, images):
        with torch.no_grad():
            samples = model.test_step(build_set(cfg, 'validation').__getitems__(images.tolist()))
        return np.concatenate([sample.pred_score.numpy() for sample in samples])

    found, fold = cross_fit(cfg, 2, score)
    return found.reshape(20, -1), fold.reshape(20, -1)[:, 0]


def flip_verdicts(root, images):
    """Turns what is said of some images of V into its opposite."""
    path = root / 'index/validation/verdicts_value.npy'
    value, start = np.load(path), LabelIndex.open(root / 'index/validation').verdicts.start
    for image in images:
        value[start[image] : start[image + 1]] ^= True
    np.save(path, value)


def test_scores_of_a_fold_do_not_know_its_verdicts(made):
    """All stages are trained anew with the verdicts of one fold turned round."""
    before, fold = scores_of_v(stages(made))
    flip_verdicts(made, np.flatnonzero(fold_of_images(20, 2) == 0))
    after, _ = scores_of_v(stages(made))
    np.testing.assert_array_equal(after[fold == 0], before[fold == 0])
    assert (after[fold == 1] != before[fold == 1]).any()


def test_stages_from_the_first_that_has_learned_from_v(made):
    last = stages(made)
    assert [trained_on(cfg) for cfg in stages_on_v(last)] == [
        ('validation',),
        ('train',),
        ('train', 'validation'),
    ]
    assert start_of(stages_on_v(last)[0]) == str(made / 't/iter_3.pth')


def test_a_resumed_stage_knows_what_it_began_with(made):
    first = train(config(made, 't', ['noisy_set']))
    train(config(made, 'v', ['verified_set'], first))
    cfg = config(made, 'v', ['verified_set'], first, max_iters=6)
    resume_from(cfg, 'auto')
    train(cfg)
    (made / 'v/iter_3.pth').unlink()
    last = config(made, 'both', ['noisy_set', 'verified_set'], str(made / 'v'))
    stage, _ = stages_on_v(last)
    assert start_of(stage) == first


def test_a_folder_that_was_moved_is_found_and_nothing_is_trained_again(made, monkeypatch):
    work = made.parent / 'work'
    cross_fit(stages(made), 2, lambda _, images: images, work)
    new = made.rename(made.parent / 'moved')
    own = new / 'config.py'
    own.write_text(own.read_text().replace(str(made), str(new)))
    names = dict(dataset=['noisy_set', 'verified_set'], load_from=str(new / 't_again'))
    last = config(new, 'both', **names)
    for cfg in stages_on_v(last):
        assert index_folder(set_config(cfg, 'validation')) == new / 'index/validation'
        assert start_of(cfg).startswith(f'{new}/')
    monkeypatch.setattr('mmnoisy.cleaning.cross_fit._train_without', None)
    cross_fit(last, 2, lambda _, images: images, work)


def test_what_a_stage_has_learned_from_must_be_there(made):
    first = train(config(made, 'v', ['verified_set']))
    cfg = config(made, 'both', ['noisy_set', 'verified_set'], first)
    index = index_folder(set_config(cfg, 'validation'))
    index.rename(made / 'moved')
    with pytest.raises(InputError, match=f'^{first}/iter_3.pth: has learned from {index}, which'):
        stages_on_v(cfg)


def test_what_cannot_be_known_is_said(made, monkeypatch):
    said = []
    monkeypatch.setattr('mmnoisy.cleaning.cross_fit.print_log', lambda text, *_: said.append(text))
    path = str(made / 'model.pth')
    cfg = config(made, 'both', ['noisy_set', 'verified_set'], path)
    assert len(stages_on_v(cfg)) == 1
    (text,) = said
    assert text.startswith(f'{path}: does not say what it has learned from')


def test_the_text_of_a_config_is_read_and_never_run(tmp_path):
    def read(text):
        torch.save({'state_dict': {}, 'meta': {'cfg': text}}, tmp_path / 'x.pth')
        return config_of(str(tmp_path / 'x.pth'))

    cfg = read('a = dict(b=[1, (2.5, None)], end=inf)\nc = {"d.e": dict(f=-1)}\n')
    assert cfg.to_dict() == {
        'a': dict(b=[1, (2.5, None)], end=float('inf')),
        'c': {'d.e': {'f': -1}},
    }
    assert read(config_text(cfg)).to_dict() == cfg.to_dict()
    hostile = f'open({str(tmp_path / "made")!r}, "w")'
    for text in (f'a = {hostile}', hostile, f'import os\na = dict(b={hostile})', 'a = ', '', None):
        assert read(text) is None
    assert not (tmp_path / 'made').exists()
    assert config_of(str(tmp_path / 'nowhere.pth')) is None
