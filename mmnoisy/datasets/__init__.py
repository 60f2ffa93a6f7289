"""Where labels come in: release files, label index, feature bank, datasets, mixing of T and V."""

from mmnoisy.datasets.feature_bank import FeatureBank
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.datasets.open_images import OpenImages
from mmnoisy.datasets.open_images_demo import OpenImagesDemo
from mmnoisy.datasets.open_images_features import ConcatFeatures, OpenImagesFeatures
from mmnoisy.datasets.pictures.loading import LoadPicture, LoadRandomResizedCrop
from mmnoisy.datasets.ratio_sampler import RatioSampler

__all__ = [
    'ConcatFeatures',
    'FeatureBank',
    'LabelIndex',
    'LoadPicture',
    'LoadRandomResizedCrop',
    'OpenImages',
    'OpenImagesDemo',
    'OpenImagesFeatures',
    'RatioSampler',
]
