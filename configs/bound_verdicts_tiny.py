"""A bound: fine-tuning where T has verdicts on its noisy labels, too; nobody has them.

``tools/compare.py --bound-verdicts CSV`` makes the index of T with them.
"""

_base_ = 'bound_truth_tiny.py'

experiment = dict(bound='bound_verdicts')
