"""Labels filtered by cleanlab: which go, which come, and who judges them."""

import numpy as np
from made_grid import grid_of

from mmnoisy.datasets import LabelIndex
from mmnoisy.datasets.csr import Csr
from mmnoisy.experiments import filtering
from mmnoisy.experiments import training as module
from mmnoisy.experiments.progress import Progress
from mmnoisy.experiments.search import Recipe
from mmnoisy.io.texts import Texts


def labelled(num_images=400, num_classes=5, flipped=0.1, seed=0):
    """Labels of which some are wrong, probabilities that know the truth, and the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.random((num_images, num_classes)) < 0.4
    truth[:, -1] = False  # a class without a label
    wrong = rng.random(truth.shape) < flipped
    wrong[:, -1] = False
    given = truth ^ wrong
    scores = np.clip(np.where(truth, 0.9, 0.1) + 0.05 * rng.normal(size=truth.shape), 0, 1)
    image, label = np.nonzero(given)
    start = np.searchsorted(image, np.arange(num_images + 1))
    noisy = Csr(start, label.astype(np.uint16), rng.random(len(label)).astype(np.float32))
    none = Csr(np.zeros(num_images + 1, np.int64), label[:0], np.zeros(0, bool))
    ids = Texts.of(f'{k:04d}' for k in range(num_images))
    return LabelIndex(ids, noisy, none, {'classes': ['a'] * num_classes}), scores, given, truth


def dense(index, shape):
    found = np.zeros(shape, bool)
    for i in range(shape[0]):
        found[i, index.noisy.row(i)[0]] = True
    return found


def test_wrong_labels_are_taken_out_and_missing_ones_put_in():
    index, scores, given, truth = labelled()
    removed = dense(filtering.filtered(index, scores, add=False), truth.shape)
    assert not (removed & ~given).any()
    mended = dense(filtering.filtered(index, scores, add=True), truth.shape)
    # Confident learning counts as many errors as there are, and finds them by their scores.
    assert (removed != truth)[given].sum() < 0.1 * (given != truth)[given].sum()
    assert (mended != truth).sum() < 0.1 * (given != truth).sum()
    assert not mended[:, -1].any()


def test_what_stays_keeps_its_confidence():
    index, scores, _, _ = labelled(flipped=0.2)
    found = filtering.filtered(index, scores, add=True)
    added = 0
    for i in range(400):
        before = dict(zip(*index.noisy.row(i)))
        for label, value in zip(*found.noisy.row(i)):
            assert value == before.get(label, 1)
            added += label not in before
        assert (np.diff(found.noisy.row(i)[0].astype(int)) > 0).all()
    assert added


def test_probabilities_are_out_of_sample(made, tmp_path, monkeypatch):
    """A label that a model has seen does not decide whether it is wrong."""
    trainer = grid_of(made, tmp_path, ['cleanlab_filter']).trainer
    trainer.progress = Progress({})
    trained, judged = [], []
    train, all_scores = module.Trainer.train, module.all_scores

    def recorded(self, job, cfg, stage):
        if job.system == 'baseline':
            trained.append({*LabelIndex.open(cfg.noisy_set.ann_file).image_ids.tolist()})
        return train(self, job, cfg, stage)

    def scored(model, dataset):
        ids = dataset.index.image_ids[dataset.data_list]
        judged.append({*ids.tolist()})
        assert dataset.test_mode
        return all_scores(model, dataset)

    monkeypatch.setattr(module.Trainer, 'train', recorded)
    monkeypatch.setattr(module, 'all_scores', scored)
    job = trainer.job('cleanlab_filter_mixed', 60, 0)
    cfg = trainer.config(job, Recipe(), np.arange(60))
    every = {*LabelIndex.open(made / 'index/train').image_ids.tolist()}
    assert len(trained) == len(judged) == filtering.FOLDS
    for seen, asked in zip(trained, judged):
        assert not seen & asked and seen | asked == every
    assert set.union(*judged) == every
    kept, given = (LabelIndex.open(path) for path in (cfg.noisy_set.ann_file, made / 'index/train'))
    assert kept.image_ids.tolist() == given.image_ids.tolist()
    assert len(kept.noisy.label) < len(given.noisy.label)
    # With a choice that changes only the filter nothing is trained again.
    trainer.config(job, Recipe(1.0, 'missing ones too'), np.arange(60))
    assert len(trained) == filtering.FOLDS
