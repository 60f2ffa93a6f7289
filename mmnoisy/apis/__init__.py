"""What users take away: labels of new pictures, thresholds and probabilities, a file to serve."""

from mmnoisy.apis.calibration_file import Calibration, calibration_path
from mmnoisy.apis.inferencer import MultiLabelInferencer
from mmnoisy.apis.pictures import Picture, find_pictures
from mmnoisy.engine.trained_model import load_classifier

__all__ = [
    'Calibration',
    'MultiLabelInferencer',
    'Picture',
    'calibration_path',
    'find_pictures',
    'load_classifier',
]
