"""Exported classifiers in onnxruntime, against PyTorch."""

import json

import cv2
import numpy as np
import pytest
import torch
from conftest import REPO, TINY, WEIGHTS
from mmengine.config import Config
from mmpretrain.registry import MODELS
from small_classifier import scores

from mmnoisy import InputError
from mmnoisy.apis import Calibration, MultiLabelInferencer, find_pictures, onnx_export
from mmnoisy.apis.onnx_export import export_onnx
from mmnoisy.engine.sets import fill_classes, resolve

onnx = pytest.importorskip('onnx')
onnxruntime = pytest.importorskip('onnxruntime')


@pytest.fixture
def inferencer(small):
    return MultiLabelInferencer(small.config, small.weights, 'cpu')


def pictures(inferencer, paths):
    return np.stack([inferencer.pipeline(p)['inputs'] for p in find_pictures(paths)])


def run(content, given):
    session = onnxruntime.InferenceSession(content)
    (inputs,) = session.get_inputs()
    return session.run(None, {inputs.name: given})[0]


@pytest.mark.parametrize('channels', ['rgb', 'bgr'])
@pytest.mark.parametrize('batch_size', [None, 5])
def test_scores_are_those_of_the_network(small, inferencer, channels, batch_size):
    given = pictures(inferencer, small.pictures)
    content, difference = export_onnx(inferencer, given, channels, 17, batch_size)
    assert difference <= 1e-4
    read = [cv2.resize(cv2.imread(str(path)), (64, 64)) for path in small.pictures[:5]]
    read = np.stack(read).transpose(0, 3, 1, 2)
    found = run(content, np.ascontiguousarray(read[:, ::-1] if channels == 'rgb' else read))
    expected = [scores(small.model, path) for path in small.pictures[:5]]
    np.testing.assert_allclose(found, expected, atol=1e-4)
    shape = onnxruntime.InferenceSession(content).get_inputs()[0].shape
    assert shape == [batch_size or 'batch', 3, 64, 64]


@pytest.mark.parametrize('opset', [13, 17])
@pytest.mark.parametrize(
    'method',
    [
        dict(name='temperature', temperature=2.5),
        dict(name='isotonic', score=[0.1, 0.4, 0.5, 0.9], probability=[0, 0.5, 0.8, 1]),
    ],
)
def test_the_calibration_is_in_the_file(small, inferencer, method, opset):
    thresholds = np.linspace(0.1, 0.6, 6)
    inferencer.calibration = Calibration(inferencer.label_names, thresholds, method)
    given = pictures(inferencer, small.pictures)
    content, _ = export_onnx(inferencer, given, 'bgr', opset)
    score = np.array([scores(small.model, path) for path in small.pictures])
    if method['name'] == 'temperature':
        expected = 1 / (1 + np.exp(-np.log(score / (1 - score)) / 2.5))
    else:
        expected = np.interp(score, method['score'], method['probability'])
    np.testing.assert_allclose(run(content, given), expected, atol=1e-4)
    model = onnx.load_model_from_string(content)
    assert model.opset_import[0].version == opset
    told = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(told['label_names']) == [*small.meta['classes']]
    assert json.loads(told['class_names']) == [*small.meta['class_names']]
    assert json.loads(told['thresholds']) == thresholds.tolist()
    assert json.loads(told['calibration']) == method
    assert told['channels'] == 'bgr'


def test_the_score_that_the_noise_model_head_predicts(small, tmp_path):
    found = {}
    for score in ('visual', 'relevance'):
        cfg = resolve(Config.fromfile(small.config))
        cfg.model.head.update(type='NoiseModelHead', score=score, reporting=0.7)
        torch.manual_seed(0)
        model = MODELS.build(cfg.model)
        model.head.init_weights()
        torch.nn.init.normal_(model.head.fc.weight, std=5)
        torch.save(dict(state_dict=model.state_dict()), tmp_path / 'x.pth')
        inferencer = MultiLabelInferencer(cfg, tmp_path / 'x.pth', 'cpu')
        given = pictures(inferencer, small.pictures)
        found[score] = run(export_onnx(inferencer, given, 'bgr')[0], given)
    assert np.abs(found['visual'] - found['relevance']).max() > 0.05


def some_pictures(root, size, number=4):
    """Photographs, or smooth pictures with colours where there are none."""
    if (TINY / 'test').is_dir():
        return sorted((TINY / 'test').iterdir())[:number]
    rng = np.random.default_rng(0)
    for k in range(number):
        small = rng.integers(256, size=(5, 5, 3), dtype=np.uint8)
        cv2.imwrite(str(root / f'{k}.png'), cv2.resize(small, (size, size)))
    return root


def realistic(model, batches):
    """Batch norm statistics as of training, so that random features keep their scale."""
    norms = [m for m in model.backbone.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean of all batches
        norm.train()
    with torch.no_grad():
        model.backbone(batches)
    model.eval()
    torch.nn.init.normal_(model.head.fc.weight, std=0.05)


def test_inception_v3(tmp_path):
    cfg = resolve(Config.fromfile(REPO / 'configs/baseline_openimages.py'))
    cfg.model.head.num_classes = 40
    torch.manual_seed(0)
    model = MODELS.build(cfg.model).eval()
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'x.pth')
    inferencer = MultiLabelInferencer(cfg, tmp_path / 'x.pth', 'cpu')
    given = pictures(inferencer, some_pictures(tmp_path, 310))
    inputs = inferencer.model.data_preprocessor(dict(inputs=torch.from_numpy(given)))['inputs']
    realistic(inferencer.model, inputs)
    content, difference = export_onnx(inferencer, given)
    assert difference <= 1e-4
    found = run(content, np.ascontiguousarray(given[:, ::-1]))
    assert found.std(0).max() > 0.002  # it does look at the pictures


def test_timm_backbone(tiny, tmp_path):
    weights = WEIGHTS / 'tf_efficientnet_lite0_timm.pth'
    if not weights.exists():
        pytest.skip(f'{weights} is not there')
    cfg = resolve(Config.fromfile(REPO / 'configs/joint_tiny.py'))
    cfg.model.backbone.checkpoint_path = str(weights)
    fill_classes(cfg, dict(classes=[*map(str, range(516))]))
    model = MODELS.build(cfg.model)
    torch.nn.init.normal_(model.head.fc.weight, std=0.1)
    head = {key: value for key, value in model.state_dict().items() if key.startswith('head.')}
    torch.save(dict(state_dict=head), tmp_path / 'x.pth')
    cfg.model.feature_dtype = None
    inferencer = MultiLabelInferencer(cfg, tmp_path / 'x.pth', 'cpu')
    given = pictures(inferencer, sorted((tiny / 'test').iterdir())[:8])
    content, difference = export_onnx(inferencer, given)
    assert difference <= 1e-4
    assert run(content, np.ascontiguousarray(given[:, ::-1])).std(0).mean() > 0.01


def test_a_file_whose_scores_differ_is_refused(small, inferencer, monkeypatch):
    given = pictures(inferencer, small.pictures)
    forward = onnx_export.ServedClassifier.forward
    monkeypatch.setattr(
        onnx_export.ServedClassifier, 'forward', lambda *args: forward(*args) + 2e-4
    )
    with pytest.raises(InputError, match=r'scores of the ONNX file differ by 0.0002 from'):
        export_onnx(inferencer, given)


def test_refusals(small, inferencer, monkeypatch):
    given = pictures(inferencer, small.pictures)
    with pytest.raises(InputError, match='--opset 3: PyTorch cannot export the model'):
        export_onnx(inferencer, given, opset=3)
    monkeypatch.setitem(__import__('sys').modules, 'onnxruntime', None)
    with pytest.raises(InputError, match=r"onnxruntime.* is not installed; .*'mmnoisy\[onnx\]'"):
        export_onnx(inferencer, given)
    head = MODELS.build(dict(type='LinearClsHead', num_classes=6, in_channels=64))
    inferencer.model.head = head
    with pytest.raises(InputError, match='LinearClsHead: is no head for several labels'):
        onnx_export.ServedClassifier(inferencer)
