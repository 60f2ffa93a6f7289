import shutil

import cv2
import numpy as np
import pytest
import small_classifier
import torch
from mmengine.config import Config
from mmengine.registry import INFERENCERS
from small_classifier import NAMES, scores

from mmnoisy import InputError
from mmnoisy.apis import Calibration, MultiLabelInferencer, calibration_path
from mmnoisy.engine.sets import fill_classes, resolve


@pytest.fixture(scope='module')
def inferencer(small):
    return MultiLabelInferencer(small.config, small.weights, 'cpu', thresholds=0.5)


def test_scores_and_all_labels_from_the_threshold_on(small, inferencer):
    found = inferencer(small.root / 'test', batch_size=5)
    assert len(found) == len(small.pictures)
    assert len({len(result['pred_labels']) for result in found}) > 1
    for path, result in zip(small.pictures, found):
        expected = scores(small.model, path)
        np.testing.assert_allclose(result['pred_scores'], expected, atol=1e-4)
        labels = [k for k in np.argsort(-expected) if expected[k] >= 0.5]
        assert result['pred_labels'].tolist() == labels
        assert result['pred_classes'] == [NAMES[k] for k in labels]


def test_files_arrays_batches_and_frames_give_the_same(small, inferencer, tmp_path):
    paths = small.pictures[:3]
    arrays = [cv2.imread(str(path)) for path in paths]
    expected = inferencer([str(path) for path in paths])
    film = str(tmp_path / 'film.avi')
    video = cv2.VideoWriter(film, cv2.VideoWriter_fourcc(*'PNG '), 5, (48, 40))  # lossless
    for array in arrays:
        video.write(array)
    video.release()
    for inputs in (paths, arrays, np.stack(arrays), [paths[0], *arrays[1:]], film):
        for a, b in zip(expected, inferencer(inputs, batch_size=2)):
            np.testing.assert_allclose(a['pred_scores'], b['pred_scores'], atol=1e-5)
    _, last = inferencer(film, every=2)
    np.testing.assert_allclose(last['pred_scores'], expected[2]['pred_scores'], atol=1e-5)
    (single,) = inferencer(arrays[0])
    np.testing.assert_allclose(single['pred_scores'], expected[0]['pred_scores'], atol=1e-5)


def test_a_stream_names_what_it_labels_and_leaves_out_what_cannot_be_read(
    small, inferencer, tmp_path
):
    for path in small.pictures[:4]:
        shutil.copy(path, tmp_path)
    broken = tmp_path / f'{small.pictures[1].name}'
    broken.write_bytes(broken.read_bytes()[:200])
    unreadable = []
    found = dict(inferencer.stream(tmp_path, batch_size=2, left_out=unreadable))
    assert [*found] == [str(tmp_path / small.pictures[k].name) for k in (0, 2, 3)]
    (told,) = (one.error for one in unreadable)
    assert told.startswith(f'{broken}: cannot be read as a picture: ')
    assert told.count(str(broken)) == 1
    np.testing.assert_allclose(
        [*found.values()][1]['pred_scores'], scores(small.model, small.pictures[2]), atol=1e-4
    )
    with pytest.raises(InputError, match='cannot be read as a picture'):
        [*inferencer.stream(tmp_path)]
    with pytest.raises(InputError, match='cannot be read as a picture'):
        inferencer(tmp_path)


def test_pictures_of_several_sizes_without_a_resize(small):
    cfg = resolve(Config.fromfile(small.config))
    del cfg.test_dataloader.dataset.pipeline[1]
    inferencer = MultiLabelInferencer(cfg, small.weights, 'cpu')
    array = cv2.imread(str(small.pictures[0]))
    larger = np.ascontiguousarray(np.pad(array, ((0, 32), (0, 0), (0, 0))))
    found = inferencer([array, array, larger, array], batch_size=3)
    same, other = found[0]['pred_scores'], found[2]['pred_scores']
    for k in (1, 3):
        np.testing.assert_allclose(found[k]['pred_scores'], same, atol=1e-6)
    assert np.abs(other - same).max() > 1e-3


def test_gray_pictures_as_the_transforms_load_them(small, demo_root, tmp_path):
    cfg = resolve(Config.fromfile(small_classifier.REPO / 'configs/joint_demo.py'))
    fill_classes(cfg, dict(classes=[*map(str, range(19))]))
    model = small_classifier.MODELS.build(cfg.model)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'x.pth')
    inferencer = MultiLabelInferencer(cfg, tmp_path / 'x.pth', 'cpu')
    path = next((demo_root / 'test').glob('*.jpg'))
    from_file, gray, colour = inferencer(
        [path, cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), cv2.imread(str(path))]
    )
    np.testing.assert_allclose(gray['pred_scores'], from_file['pred_scores'], atol=1e-6)
    np.testing.assert_allclose(colour['pred_scores'], from_file['pred_scores'], atol=1e-2)
    assert inferencer.classes == [str(k) for k in range(19)]


def test_the_calibration_beside_the_checkpoint_is_used(small, tmp_path):
    weights = str(shutil.copy(small.weights, tmp_path))
    classes = [*small.meta['classes']]
    thresholds = np.linspace(0.3, 0.7, 6)
    method = dict(name='temperature', temperature=2.0)
    Calibration(classes, thresholds, method).write(calibration_path(weights), weights)
    expected = scores(small.model, small.pictures[0])
    expected = 1 / (1 + np.exp(-np.log(expected / (1 - expected)) / 2))
    (found,) = MultiLabelInferencer(small.config, weights, 'cpu')(small.pictures[0])
    np.testing.assert_allclose(found['pred_scores'], expected, atol=1e-4)
    assert {*found['pred_labels'].tolist()} == {*np.flatnonzero(expected >= thresholds)}
    inferencer = MultiLabelInferencer(small.config, weights, 'cpu', thresholds=[0.9] * 6)
    assert inferencer.thresholds.tolist() == pytest.approx([0.9] * 6)


def test_it_is_found_as_other_inferencers_are(small):
    settings = dict(type='MultiLabelInferencer', model=small.config, pretrained=small.weights)
    assert isinstance(INFERENCERS.build(settings), MultiLabelInferencer)


def test_models_and_data_samples_and_drawings(small, inferencer, tmp_path):
    again = MultiLabelInferencer(inferencer.model, thresholds=0.5)
    (sample,) = again(small.pictures[0], return_datasamples=True, show_dir=str(tmp_path / 'out'))
    (expected,) = inferencer(small.pictures[0])
    assert sample.pred_label.tolist() == expected['pred_labels'].tolist()
    drawn = cv2.imread(str(tmp_path / f'out/{small.pictures[0].stem}.png'))
    assert drawn.shape[2] == 3


def test_refusals(small):
    with pytest.raises(InputError, match=r'threshold 1.5: is not between 0 and 1'):
        MultiLabelInferencer(small.config, small.weights, thresholds=1.5)
    with pytest.raises(InputError, match=r'thresholds: \(2,\) values for 6 classes'):
        MultiLabelInferencer(small.config, small.weights, thresholds=[0.1, 0.2])
    with pytest.raises(InputError, match='2 class names, and 6 classes'):
        MultiLabelInferencer(small.config, small.weights, classes=['a', 'b'])
    cfg = resolve(Config.fromfile(small.config))
    cfg.test_dataloader.dataset.pop('pipeline')
    with pytest.raises(InputError, match='has no transform that loads pictures'):
        MultiLabelInferencer(cfg, small.weights)
