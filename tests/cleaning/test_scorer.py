import numpy as np
import pytest
import torch
from made_index import make_data_set
from mmengine.config import Config
from mmpretrain.registry import DATASETS, MODELS

from mmnoisy.cleaning.scorer import PartScorer, Scorer
from mmnoisy.engine.sets import resolve


@pytest.mark.parametrize('soft', [False, True])
def test_the_model_sees_confidences_where_it_has_learned_from_them(tmp_path, soft):
    make_data_set(tmp_path)
    config = resolve(Config.fromfile(tmp_path / 'config.py'))
    head = dict(type='LogitCleaningHead', num_classes=12, in_channels=8)
    model = MODELS.build({**config.model, 'cleaning_head': head, 'soft_labels': soft}).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter)
    dataset = DATASETS.build(config.test_dataloader.dataset)
    given = torch.zeros(len(dataset), 12)
    for row in range(len(dataset)):
        label, confidence = dataset.index.noisy.row(row)
        given[row, label.astype(np.int64)] = torch.from_numpy(confidence) if soft else 1.0
    feats = (torch.stack([dataset[k]['inputs'] for k in range(len(dataset))]).float(),)
    ((rows, scores),) = Scorer(model, dataset, 64, 0)([slice(0, len(dataset))])
    assert rows == slice(0, len(dataset))
    with torch.no_grad():
        np.testing.assert_allclose(scores.raw, model.cleaning_head(feats, given).labels, atol=1e-6)
        np.testing.assert_allclose(scores.score, model.head(feats).sigmoid(), atol=1e-6)


def test_each_image_is_looked_at_by_the_model_of_its_part(tmp_path):
    make_data_set(tmp_path)
    config = resolve(Config.fromfile(tmp_path / 'config.py'))
    head = dict(type='LogitCleaningHead', num_classes=12, in_channels=8)
    models = []
    for seed in range(3):
        torch.manual_seed(seed)
        models.append(MODELS.build({**config.model, 'cleaning_head': head}).eval())
        for parameter in models[-1].parameters():
            torch.nn.init.normal_(parameter)
    dataset = DATASETS.build(config.test_dataloader.dataset)
    usable = np.arange(1, len(dataset), 2)
    dataset.index.usable, dataset.data_list = usable, np.arange(len(usable))
    part = np.arange(len(usable)) * 7 % 3
    whole = [slice(0, len(dataset.index))]
    ((_, found),) = PartScorer(models, part, dataset, 64, 0)(whole)
    alone = [next(Scorer(model, dataset, 64, 0)(whole))[1] for model in models]
    for values, *of_models in zip(found, *alone):
        assert np.isnan(values[::2]).all()
        for number, row in enumerate(usable):
            np.testing.assert_allclose(values[row], of_models[part[number]][row], atol=1e-5)

    ((_, mean),) = PartScorer(models, None, dataset, 64, 0)(whole)
    for values, *of_models in zip(mean, *alone):
        np.testing.assert_allclose(values, np.mean(of_models, 0), atol=1e-5)
