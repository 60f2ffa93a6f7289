"""All labels of new pictures: MMPretrain's inferencer for classifiers with several labels."""

from __future__ import annotations

from itertools import groupby, islice
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Sequence, Tuple

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, default_collate
from mmengine.model import BaseModel
from mmengine.registry import INFERENCERS, DefaultScope
from mmpretrain.apis import ImageClassificationInferencer
from mmpretrain.registry import TRANSFORMS
from mmpretrain.structures import DataSample

from mmnoisy.apis.calibration_file import Calibration, calibration_path
from mmnoisy.apis.pictures import UNREADABLE, LeftOut, Picture, find_pictures
from mmnoisy.class_names import distinct_names
from mmnoisy.config_files import find_config
from mmnoisy.datasets.pictures.loading import UnreadablePictureError
from mmnoisy.datasets.threads import map_in_threads
from mmnoisy.engine.checkpoints.reading import checkpoint_file
from mmnoisy.engine.sets import resolve
from mmnoisy.engine.trained_model import class_list, load_classifier, require_pictures
from mmnoisy.errors import InputError
from mmnoisy.wording import counted

Prediction = Dict[str, Any]


@INFERENCERS.register_module()
class MultiLabelInferencer(ImageClassificationInferencer):
    """Scores, and all labels from a threshold on, where MMPretrain's takes the best one only.

    Pictures go through the transforms and the normalisation of the config's test set. A
    calibration that ``tools/calibrate.py`` wrote beside the checkpoint gives the thresholds and
    turns scores into probabilities; without one the threshold is that of the head, 0.5 unless its
    ``thr`` says otherwise.

    .. code-block:: python

        inferencer = MultiLabelInferencer('configs/joint_tiny.py', 'epoch_12.pth')
        inferencer('dog.jpg')[0]['pred_classes']       # ['dog', 'animal']
        inferencer('folder', batch_size=32)
        inferencer('film.mp4', every=25)               # one frame a second
        inferencer([array, 'cat.jpg'], show_dir='out')

    Args:
        model: config, its path, name of a model of MMPretrain, or a model.
        pretrained: the checkpoint, or the work dir of a run.
        device: None for the GPU if there is one.
        classes: names, instead of those in the checkpoint.
        thresholds: instead of the calibration's: one for all classes, or (C,).
        **kwargs: of :class:`mmpretrain.apis.ImageClassificationInferencer`.

    Raises:
        InputError: config, checkpoint, calibration or thresholds cannot be used.

    Attributes:
        label_names: the class list of the checkpoint; MIDs, for Open Images.
        classes: the names of the classes.
        thresholds: (C,) float32.
        transforms: of the config, from a file to what the model sees.
    """

    def __init__(
        self,
        model: BaseModel | Config | Path | str,
        pretrained: Path | str | bool = True,
        device: torch.device | str | None = None,
        classes: Sequence[str] | None = None,
        thresholds: float | Sequence[float] | None = None,
        **kwargs: Any,
    ) -> None:
        checkpoint = None if isinstance(pretrained, bool) else checkpoint_file(str(pretrained))
        if checkpoint and (isinstance(model, Config) or str(model).endswith('.py')):
            cfg = resolve(
                model if isinstance(model, Config) else Config.fromfile(find_config(model))
            )
            model, pretrained = load_classifier(cfg, checkpoint, device), False
        super().__init__(model, pretrained, device, **kwargs)
        size = self.model.head.num_classes
        meta = getattr(self.model, '_dataset_meta', None) or {}
        self.label_names = class_list(self.model)
        names = meta.get('class_names') or self.label_names
        self.classes = [*(classes or distinct_names(self.label_names, names))]
        for names in (self.label_names, self.classes):
            if len(names) != size:
                of_names = counted(len(names), 'class name')
                raise InputError(f'{checkpoint}: {of_names}, and {counted(size, "class")}')
        self.calibration = Calibration.none(
            self.label_names, getattr(self.model.head, 'thr', None) or 0.5
        )
        if checkpoint and calibration_path(checkpoint).is_file():
            path = calibration_path(checkpoint)
            self.calibration = Calibration.read(path, checkpoint, self.label_names)
        if thresholds is not None:
            self.calibration = self.calibration.with_thresholds(thresholds)
        self.thresholds = torch.from_numpy(self.calibration.thresholds).float()

    def __call__(
        self,
        inputs: Any,
        return_datasamples: bool = False,
        batch_size: int = 1,
        every: int = 1,
        **kwargs: Any,
    ) -> List[Any]:
        """The labels of some pictures, all in memory at the end; see :meth:`stream` for more.

        Args:
            inputs: see :func:`mmnoisy.apis.find_pictures`.
            return_datasamples: return data samples with ``pred_score`` and ``pred_label``.
            batch_size: pictures at once.
            every: of the frames of a video take the first of every so many.
            **kwargs: of MMPretrain's visualisation: ``show``, ``show_dir`` and others.

        Returns:
            For each picture ``pred_scores``, (C,) float32; ``pred_labels``, (k,) class ids, best
            first; and ``pred_classes``, their names.

        Raises:
            InputError: an input cannot be read.
        """
        pictures = [*find_pictures(inputs, every)]
        return super().__call__(pictures, return_datasamples, batch_size, **kwargs)

    def stream(
        self,
        inputs: Any,
        batch_size: int = 32,
        every: int = 1,
        left_out: List[LeftOut] | None = None,
    ) -> Iterator[Tuple[str, Prediction]]:
        """Names and labels of pictures, any number of them, loaded in threads.

        Args:
            inputs: as in a call.
            batch_size: as in a call.
            every: as in a call.
            left_out: collects files that are no pictures or cannot be read; without it the first
                one that cannot be read ends all.

        Raises:
            InputError: an input cannot be read.
        """

        def load(picture: Picture) -> Tuple[str, dict | InputError]:
            try:
                return picture.name, self.pipeline(picture)
            except InputError as error:
                return picture.name, error

        def readable() -> Iterator[Tuple[str, dict]]:
            for name, sample in map_in_threads(load, find_pictures(inputs, every, left_out)):
                if not isinstance(sample, InputError):
                    yield name, sample
                elif left_out is None:
                    raise sample
                else:
                    left_out.append(LeftOut(name, UNREADABLE, str(sample)))

        for batch in _batches(readable(), batch_size, lambda pair: pair[1]):
            names, samples = zip(*batch)
            results = self.postprocess(self.forward(default_collate(samples)), None)
            yield from zip(names, results)

    def preprocess(self, inputs: List[Picture], batch_size: int = 1) -> Iterator[dict]:
        """Collated batches."""
        yield from map(default_collate, _batches(map(self.pipeline, inputs), batch_size))

    def forward(self, inputs: dict, **kwargs: Any) -> List[DataSample]:
        """Data samples with calibrated scores and all labels from the thresholds on."""
        samples = super().forward(inputs, **kwargs)
        for sample in samples:
            score = self.calibration.apply(sample.pred_score.float().cpu())
            label = torch.nonzero(score >= self.thresholds)[:, 0]
            label = label[score[label].argsort(descending=True, stable=True)]
            sample.set_pred_score(score).set_pred_label(label)
        return samples

    def postprocess(
        self, preds: List[DataSample], visualization: Any, return_datasamples: bool = False
    ) -> List[Any]:
        """As described for a call."""
        if return_datasamples:
            return preds
        return [
            dict(
                pred_scores=sample.pred_score.numpy(),
                pred_labels=sample.pred_label.numpy(),
                pred_classes=[self.classes[k] for k in sample.pred_label.tolist()],
            )
            for sample in preds
        ]

    def visualize(
        self, ori_inputs: List[Picture], preds: List[DataSample], *args: Any, **kwargs: Any
    ) -> Any:
        """Draws or writes the pictures with their labels."""
        pictures = [
            picture.name if picture.pixels is None else picture.pixels for picture in ori_inputs
        ]
        return super().visualize(pictures, preds, *args, **kwargs)

    def _inputs_to_list(self, inputs: List[Picture]) -> List[Picture]:
        return inputs

    def _init_pipeline(self, cfg: Config) -> Callable[[Picture], dict]:
        require_pictures(cfg)
        loader = cfg.get('test_dataloader')  # None where a project has no test set
        found = loader.dataset.get('pipeline') if loader else cfg.get('test_pipeline')
        self.transforms = transforms = found or [dict(type='none')]
        if not transforms[0]['type'].startswith('Load'):
            raise InputError(
                f'{cfg.filename}: its test set has no transform that loads pictures, such as '
                'LoadPicture; give a config on pictures (of a config on features, the one that it '
                'inherits from)'
            )
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            load, *others = (TRANSFORMS.build(transform) for transform in transforms)
        gray = transforms[0].get('color_type') == 'grayscale'
        transform = Compose(others)

        def pipeline(picture: Picture) -> dict:
            pixels = picture.decoded()
            if pixels is not None:
                img = _coloured(pixels, gray)
                return transform(dict(img=img, img_shape=img.shape[:2], ori_shape=img.shape[:2]))
            try:
                return transform(load(dict(img_path=picture.name)))
            except UnreadablePictureError as error:
                raise InputError(f'{error}; give another file') from error
            except (OSError, AssertionError, ValueError, cv2.error) as error:
                raise InputError(
                    f'{picture.name}: {UNREADABLE} ({error}); give another file'
                ) from error

        return pipeline


def _coloured(pixels: np.ndarray, gray: bool) -> np.ndarray:
    """An array with the channels that files are loaded with."""
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if gray and pixels.ndim == 3:
        return cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
    if not gray and pixels.ndim == 2:
        return cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
    return pixels


def _batches(
    items: Iterable, size: int, sample: Callable[[Any], dict] = lambda item: item
) -> Iterator[List]:
    """Lists of up to ``size`` items in a row whose inputs have the same shape."""
    for _, same in groupby(items, key=lambda item: sample(item)['inputs'].shape):
        while batch := [*islice(same, size)]:
            yield batch
