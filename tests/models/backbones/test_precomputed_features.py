import pytest
import torch

from mmnoisy import InputError
from mmnoisy.models import PrecomputedFeatures


def test_features_pass_unless_their_width_differs():
    features = torch.randn(2, 3)
    assert PrecomputedFeatures(3)(features)[-1] is features
    with pytest.raises(InputError, match=r'channels=4: the feature bank holds \[3\] values'):
        PrecomputedFeatures(4)(features)
