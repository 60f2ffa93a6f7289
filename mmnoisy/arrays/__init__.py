"""Learning from arrays: features, noisy labels and verdicts, in scikit-learn's manner."""

from mmnoisy.errors import InputError

try:
    import sklearn  # noqa: F401
except ImportError as error:
    raise InputError(
        "NoisyLabelClassifier: needs scikit-learn; run pip install 'scikit-learn>=1.3'"
    ) from error

from mmnoisy.arrays.classifier import NoisyLabelClassifier

__all__ = ['NoisyLabelClassifier']
