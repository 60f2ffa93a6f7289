import numpy as np
import pytest
import torch
from made_index import make_data_set
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from sklearn.metrics import average_precision_score

from mmnoisy.datasets import LabelIndex
from mmnoisy.engine.config import load_config
from mmnoisy.engine.sets import build_set
from mmnoisy.experiments import evaluation as evaluating
from mmnoisy.experiments.data import Data
from mmnoisy.experiments.describing import choose_examples, describe

EXAMPLES = [3, 17, 41]
EVALUATOR = dict(type='VerifiedAveragePrecision')


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('made')
    make_data_set(root)
    return root


@pytest.fixture(scope='module')
def data(root):
    init_default_scope('mmpretrain')
    return Data(load_config(root / 'config.py'))


@pytest.fixture(scope='module')
def model(root):
    init_default_scope('mmpretrain')
    torch.manual_seed(1)
    model = MODELS.build(load_config(root / 'config.py').model).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model


@pytest.fixture
def evaluation(data, model, monkeypatch):
    monkeypatch.setattr(evaluating, 'BATCH_SIZE', 7)  # several batches, the last one short
    return evaluating.evaluate(model, data.test, EVALUATOR, EXAMPLES)


@pytest.fixture(scope='module')
def scores(data, model):
    """Of all images and classes."""
    features = torch.from_numpy(data.test.banks[0].features[:, 0].copy())
    with torch.no_grad():
        return torch.sigmoid(model.head.fc(features.float())).numpy()


@pytest.fixture(scope='module')
def pairs(root):
    """Image, class and verdict of the verified pairs, one after the other."""
    verdicts = LabelIndex.open(root / 'index/test').verdicts
    rows = [(i, *pair) for i in range(60) for pair in zip(*verdicts.row(i))]
    return tuple(np.array(column) for column in zip(*rows))


def mean_over_classes(pairs, scores):
    """AP of the classes that have a positive, by scikit-learn."""
    image, label, present = pairs
    classes = [k for k in range(12) if present[label == k].any()]
    values = [
        average_precision_score(present[label == k], scores[image[label == k], k]) for k in classes
    ]
    return 100 * np.mean(values), len(classes)


def test_metrics_equal_scikit_learn(evaluation, scores, pairs):
    image, label, present = pairs
    wanted = 100 * average_precision_score(present, scores[image, label])
    assert evaluation.metrics['AP_all'] == pytest.approx(wanted, abs=1e-4)
    mean, num = mean_over_classes(pairs, scores)
    assert evaluation.metrics['MAP'] == pytest.approx(mean, abs=1e-4)
    assert evaluation.metrics['num_classes'] == num
    np.testing.assert_allclose(evaluation.scores, scores[image, label], atol=1e-6)


def test_other_protocols_equal_scikit_learn(evaluation, scores, pairs):
    image, label, present = pairs
    truth = np.zeros((60, 12), bool)
    truth[image, label] = present
    found = evaluation.protocols['unverified_negative']
    wanted = 100 * average_precision_score(truth.ravel(), scores.ravel())
    assert found['AP_all'] == pytest.approx(wanted, abs=1e-4)
    by_class = [average_precision_score(truth[:, k], scores[:, k]) for k in range(12)]
    assert found['MAP'] == pytest.approx(100 * np.mean(by_class), abs=1e-4)


def test_classes_without_a_positive_count_as_zero():
    metrics = {'AP_all': 80.0, 'MAP': 60.0, 'num_classes': 3}
    scores, one = np.array([[0.5, 0.2, 0.1, 0.7]]), np.array([0])
    found = evaluating.other_protocols(metrics, scores, one, one, np.array([True]))
    assert found['empty_classes_zero'] == {'AP_all': 80.0, 'MAP': 45.0}
    of_others = evaluating.other_protocols({'F1': 3.0}, scores, one, one, np.array([True]))
    assert [*of_others] == ['unverified_negative']


@torch.no_grad()
def test_all_scores_are_those_of_the_model(data, model, scores):
    part = build_set(data.cfg, 'test', indices=[5, 6, 7, 8])
    np.testing.assert_allclose(evaluating.all_scores(model, part), scores[5:9], atol=1e-6)


def test_examples_have_their_five_best_classes(evaluation, scores):
    for row, top, values in zip(EXAMPLES, evaluation.top, evaluation.top_scores):
        assert top.tolist() == np.argsort(-scores[row])[:5].tolist()
        np.testing.assert_allclose(values, np.sort(scores[row])[::-1][:5], atol=1e-6)


@torch.no_grad()
@pytest.mark.parametrize('soft', [False, True])
def test_cleaned_labels_of_the_pairs(data, model, root, pairs, soft, monkeypatch):
    monkeypatch.setattr(model, 'soft_labels', soft)
    found = evaluating.evaluate(model, data.test, EVALUATOR).cleaned
    index, (image, label, _) = LabelIndex.open(root / 'index/test'), pairs
    features = torch.from_numpy(data.test.banks[0].features[:, 0].copy()).float()
    noisy = torch.zeros(60, 12)
    for row in range(60):
        given, confidence = index.noisy.row(row)
        noisy[row, given.astype(np.int64)] = torch.from_numpy(confidence) if soft else 1.0
    cleaned = model.cleaning_head((features,), noisy).labels.numpy()
    np.testing.assert_allclose(found, cleaned[image, label], atol=1e-5)
    assert 0 < np.mean(found > 0.5) < 1


def test_the_description_of_the_test_set(data, root, pairs, tmp_path):
    examples = choose_examples(data, 5)
    image_id = f'{data.test.index.image_ids[examples[0]]}'
    picture = tmp_path / 'test' / f'{image_id}.jpg'
    picture.parent.mkdir()
    picture.write_bytes(b'')
    found = describe(data, examples, tmp_path, '{split}/{id}.jpg')
    assert found.examples[0].picture == picture
    assert found.examples[1].picture is None
    for example in found.examples:
        assert len(example.present) and len(example.absent)
    image, label, _ = pairs
    assert found.image.tolist() == image.tolist()
    noisy = LabelIndex.open(root / 'index/test').noisy
    assert found.noisy.tolist() == [k in noisy.row(i)[0] for i, k in zip(image, label)]
    train = LabelIndex.open(root / 'index/train').noisy.label
    assert found.frequency.tolist() == [(train == k).sum() for k in range(12)]
    # Every verdict of the made sets is on a noisy label.
    verdicts = [LabelIndex.open(root / 'index' / name).verdicts for name in ('validation', 'test')]
    for k in range(12):
        rated = np.concatenate([csr.value[csr.label == k] for csr in verdicts])
        assert found.quality[k] == pytest.approx(rated.mean())


def test_names_that_are_shared_have_their_ids(data, tmp_path, monkeypatch):
    info = data.index('test').info
    monkeypatch.setitem(info, 'class_names', ['crane'] * 2 + ['ant'] * 10)
    names = describe(data, [], tmp_path, '{id}.jpg').class_names
    assert names[:2] == [f'crane ({mid})' for mid in info['classes'][:2]]


@pytest.mark.parametrize(
    ('mid', 'name', 'known'),
    [
        ('/m/01g317', 'Person', True),
        ('/m/01g317', 'dog', False),
        ('person', 'Person', False),
    ],
)
def test_open_images_is_known_by_its_classes(data, tmp_path, monkeypatch, mid, name, known):
    assert not describe(data, [], tmp_path, '{id}.jpg').is_open_images
    info = data.index('test').info
    for key, first in (('classes', mid), ('class_names', name)):
        monkeypatch.setitem(info, key, [first, *info[key][1:]])
    assert describe(data, [], tmp_path, '{id}.jpg').is_open_images == known
