"""The tool on a small classifier, against the scores of every picture by itself."""

import shutil

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from small_classifier import refused, run, scores, without_test

from mmnoisy.engine.sets import resolve

onnxruntime = pytest.importorskip('onnxruntime')
pytest.importorskip('onnx')


@pytest.mark.parametrize('given', [True, False])
def test_the_file_gives_the_scores_of_rgb_pictures(small, tmp_path, capsys, given):
    out = tmp_path / 'served/classifier.onnx'
    options = ['--pictures', small.root / 'train'] if given else []
    run('export_onnx.py', small.config, small.weights, '--out', out, *options)
    told = capsys.readouterr().out
    assert 'on 12 pictures the scores differ from' in told
    assert [path.name for path in out.parent.iterdir()] == [out.name]
    path = small.pictures[0]
    picture = cv2.resize(cv2.imread(str(path)), (64, 64))[:, :, ::-1].transpose(2, 0, 1)
    session = onnxruntime.InferenceSession(out)
    (found,) = session.run(['scores'], dict(pictures=np.ascontiguousarray(picture[None])))
    np.testing.assert_allclose(found[0], scores(small.model, path), atol=1e-4)
    assert set(session.get_modelmeta().custom_metadata_map) >= {
        'label_names',
        'class_names',
        'thresholds',
    }


def test_without_a_test_set_pictures_of_v_are_compared(small, tmp_path, capsys):
    options = [without_test(small.config, tmp_path), small.weights, '--out', tmp_path / 'x.onnx']
    run('export_onnx.py', *options)
    assert 'pictures the scores differ from' in capsys.readouterr().out


def test_refusals(small, tmp_path, capsys):
    out = tmp_path / 'x.onnx'

    def complaint(*options):
        return refused(
            capsys, 'export_onnx.py', small.config, small.weights, '--out', out, *options
        )

    assert '--batch-size 0: give at least 1' in complaint('--batch-size', '0')
    assert '--opset 3: PyTorch cannot export' in complaint('--opset', '3')
    shutil.copy(small.pictures[0], tmp_path / 'a.jpg')
    cv2.imwrite(str(tmp_path / 'b.jpg'), np.zeros((50, 60, 3), np.uint8))
    cfg = resolve(Config.fromfile(small.config))
    del cfg.test_dataloader.dataset.pipeline[1]  # the resize
    cfg.dump(tmp_path / 'sizes.py')
    options = ['--out', out, '--pictures', tmp_path]
    told = refused(capsys, 'export_onnx.py', tmp_path / 'sizes.py', small.weights, *options)
    assert 'the pictures of its test set differ in size' in told
    assert not out.exists()
