"""The classifier as one ONNX file: from the bytes of pictures to scores."""

from __future__ import annotations

import inspect
import io
import json
import warnings
from contextlib import redirect_stdout
from itertools import islice
from typing import Any, Dict, List, Tuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpretrain.models.heads import MultiLabelClsHead
from mmpretrain.registry import DATASETS
from torch import nn

from mmnoisy.apis.inferencer import MultiLabelInferencer
from mmnoisy.apis.pictures import find_pictures
from mmnoisy.engine.sets import as_in_tests
from mmnoisy.errors import InputError

CHANNELS = ('rgb', 'bgr')
TOLERANCE = 1e-4
NUM_COMPARED = 16
INPUT, OUTPUT = 'pictures', 'scores'


class ServedClassifier(nn.Module):
    """Normalisation, network, sigmoid and calibration in one.

    Args:
        inferencer: with the model.
        channels: order of the channels of its input, ``'rgb'`` or ``'bgr'``.

    Raises:
        InputError: the head is not one for several labels.
    """

    def __init__(self, inferencer: MultiLabelInferencer, channels: str = 'rgb') -> None:
        super().__init__()
        self.model = inferencer.model.float().cpu()
        self.calibration = inferencer.calibration
        self.flip = channels == 'rgb'  # what the model's own preprocessor undoes where it wants RGB
        if not isinstance(self.model.head, MultiLabelClsHead):
            raise InputError(
                f'model.head.type={type(self.model.head).__name__}: is no head for several labels; '
                'give one such as MultiLabelLinearClsHead'
            )

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Scores (N, C) float32 of pictures (N, channels, H, W) uint8."""
        if self.flip and pictures.shape[1] == 3:
            pictures = pictures.flip(1)
        feats = self.model.extract_feat(
            self.model.data_preprocessor(dict(inputs=pictures))['inputs']
        )
        head = self.model.head
        return self.calibration.apply(torch.sigmoid(getattr(head, 'logits', head)(feats)))


def export_onnx(
    inferencer: MultiLabelInferencer,
    pictures: np.ndarray,
    channels: str = 'rgb',
    opset: int = 17,
    batch_size: int | None = None,
) -> Tuple[bytes, float]:
    """The ONNX file of a classifier, compared with PyTorch on some pictures.

    Args:
        inferencer: with the model; a frozen backbone is exported in single precision.
        pictures: (N, 3, H, W) uint8, BGR, as its pipeline gives them.
        channels: order of the channels of the input of the file, ``'rgb'`` or ``'bgr'``.
        opset: version of the operators.
        batch_size: of the file's input; None for any.

    Returns:
        The file, and the largest difference of a score.

    Raises:
        InputError: onnx is not installed, the model cannot be exported in this opset, or a score
            differs by more than 1e-4.
    """
    onnx, onnxruntime = _onnx()
    if getattr(inferencer.model, 'feature_dtype', None):
        inferencer.model.feature_dtype = None
    served = ServedClassifier(inferencer, channels).eval()
    samples = inferencer.forward(dict(inputs=torch.from_numpy(pictures)))
    expected = torch.stack([sample.pred_score for sample in samples]).numpy()
    given = np.ascontiguousarray(pictures[:, ::-1]) if channels == 'rgb' else pictures
    batches = _batches(given, batch_size)
    # Where any size goes, the file must not remember that of its example.
    example = batches[0] if batch_size else np.resize(given, (2, *given.shape[1:]))
    model = onnx.load_model_from_string(_export(served, example, opset, batch_size))
    onnx.helper.set_model_props(model, metadata(inferencer, channels))
    content = model.SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=['CPUExecutionProvider'])
    found = np.concatenate([session.run([OUTPUT], {INPUT: batch})[0] for batch in batches])
    difference = float(np.abs(found[: len(expected)] - expected).max())
    if not difference <= TOLERANCE:
        raise InputError(
            f'the scores of the ONNX file differ by {difference:.2g} from those of PyTorch, more '
            f'than {TOLERANCE:g}; export with another --opset or other versions of onnxruntime '
            'and PyTorch'
        )
    return content, difference


def compared_pictures(inferencer: MultiLabelInferencer, cfg: Config, given: Any) -> np.ndarray:
    """Some pictures, (N, 3, H, W) uint8 BGR.

    Raises:
        InputError: they cannot be read, or come in different sizes.
    """
    if not given:
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            dataset = DATASETS.build(
                cfg.test_dataloader.dataset
                if cfg.get('test_dataloader')
                else as_in_tests(cfg, 'validation')
            )
        given = (dataset.get_data_info(k)['img_path'] for k in range(len(dataset)))
    pictures = [
        inferencer.pipeline(picture)['inputs'].numpy()
        for picture in islice(find_pictures(given), NUM_COMPARED)
    ]
    if len({picture.shape for picture in pictures}) > 1:
        raise InputError(
            f'{cfg.filename}: the pictures of its test set differ in size, and an ONNX file takes '
            'one; add a transform such as Resize, or give pictures of one size with --pictures'
        )
    return np.stack(pictures)


def metadata(inferencer: MultiLabelInferencer, channels: str) -> Dict[str, str]:
    """What the file says of itself, texts by name; lists are JSON."""
    calibration = inferencer.calibration
    return dict(
        label_names=json.dumps(inferencer.label_names),
        class_names=json.dumps(inferencer.classes, ensure_ascii=False),
        thresholds=json.dumps(calibration.thresholds.tolist()),
        calibration=json.dumps(calibration.method),
        channels=channels,
    )


def _batches(pictures: np.ndarray, size: int | None) -> List[np.ndarray]:
    """Batches of one size, the last one filled up; for any size, one picture and all others."""
    cuts = range(size, len(pictures), size) if size else [1]
    parts = [part for part in np.split(pictures, cuts) if len(part)]
    return [np.resize(part, (size or len(part), *part.shape[1:])) for part in parts]


def _export(
    served: ServedClassifier, pictures: np.ndarray, opset: int, batch_size: int | None
) -> bytes:
    options: Dict[str, Any] = {}
    if 'dynamo' in inspect.signature(torch.onnx.export).parameters:
        options['dynamo'] = False  # the other exporter takes minutes, and onnxscript
    if batch_size is None:
        options['dynamic_axes'] = {name: {0: 'batch'} for name in (INPUT, OUTPUT)}
    file: Any = io.BytesIO()
    try:
        # On failure PyTorch prints the whole graph.
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()), torch.no_grad():
            warnings.simplefilter('ignore')
            torch.onnx.export(
                served,
                (torch.from_numpy(pictures),),
                file,
                input_names=[INPUT],
                output_names=[OUTPUT],
                opset_version=opset,
                **options,
            )
    except (RuntimeError, ValueError, torch.onnx.errors.OnnxExporterError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f'--opset {opset}: PyTorch cannot export the model ({reason}); give another opset, '
            'such as 17'
        ) from error
    return file.getvalue()


def _onnx() -> Tuple[Any, Any]:
    try:
        import onnx
        import onnxruntime
    except ImportError as error:
        raise InputError(
            f"{error.name} is not installed; run pip install 'mmnoisy[onnx]'"
        ) from error
    return onnx, onnxruntime
