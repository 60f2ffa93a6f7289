"""What systems are trained and tested on: T, V and, if there is one, test of a config."""

from __future__ import annotations

from itertools import combinations
from typing import Any, Dict, Optional, Sequence

import numpy as np
from mmengine.config import Config

from mmnoisy.datasets.feature_bank import FeatureBank
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.engine.sets import SETS, build_set, index_folder, set_config
from mmnoisy.errors import InputError
from mmnoisy.experiments.evaluation import verified_pairs
from mmnoisy.experiments.indexes import checksum
from mmnoisy.wording import counted


class Data:
    """The three sets of a comparison, each opened once and as in tests.

    Args:
        cfg: resolved, on features.
        subsets: those that are there; T is.

    Attributes:
        cfg: the same.
        train: T.
        validation: V.
        test: the images to test on; None where the config has no ``test_set``.

    Raises:
        InputError: an index or a bank cannot be opened, or they do not belong together.
    """

    train: Any
    validation: Any
    test: Any

    def __init__(self, cfg: Config, subsets: Optional[Sequence[str]] = None) -> None:
        self.cfg = cfg
        subsets = subsets or [subset for subset, name in SETS.items() if cfg.get(name)]
        self._where = {subset: index_folder(set_config(cfg, subset)) for subset in subsets}
        self.test = None
        for subset in subsets:
            setattr(self, subset, build_set(cfg, subset))
        self._check()
        self.checksum = checksum(*(self.index(subset) for subset in subsets))

    def index(self, subset: str) -> LabelIndex:
        """The label index of a set."""
        return getattr(self, subset).index

    @property
    def places(self) -> Dict[str, str]:
        """What stands for the folders of the indexes and the features, wherever they are."""
        features = self.train.banks[0].folder.parent
        return {str(self._where['train'].parent): 'INDEX', str(features): 'FEATURES'}

    @property
    def provenance(self) -> Dict[str, Any]:
        """What the features were made by."""
        return self.train.banks[0].provenance

    def held_out(self, images: np.ndarray) -> Any:
        """Some images of V, to test on."""
        return build_set(self.cfg, 'validation', indices=images.tolist())

    def verified(self, size: int, seed: int) -> np.ndarray:
        """Numbers of images of V: a random choice of ``size`` that is part of every larger one."""
        num = len(self.validation)
        order = np.random.default_rng([seed, num]).permutation(num)
        return np.sort(order[:size])

    def _check(self) -> None:
        train, where = self.index('train'), self._where
        train.require_one_vocabulary(
            where['train'], 'give an index of one vocabulary, or train the *_objects configs'
        )
        kind = _kind(self.train.banks[0])
        for subset in [*where][1:]:
            dataset, index = getattr(self, subset), self.index(subset)
            if index.classes != train.classes:
                raise InputError(
                    f'{where[subset]}: has another class list than {where["train"]}; '
                    'prepare the three indexes together with tools/prepare_openimages.py'
                )
            if _kind(dataset.banks[0]) != kind:
                raise InputError(
                    f'{dataset.banks[0].folder}: holds {_kind(dataset.banks[0])}, '
                    f'{self.train.banks[0].folder} {kind}; extract all three with the same backbone'
                )
            if not index.verdicts.value.any():
                raise InputError(
                    f'{where[subset]}: has no label that is verified present; prepare it again '
                    'with the file of its verdicts'
                )
        for before, subset in combinations(where, 2):
            both = self.index(subset).shared_images(self.index(before))
            if len(both):
                raise InputError(
                    f'{where[subset]}: has {counted(len(both), "image")} of {where[before]} too, '
                    f'the first is {both[0]}; prepare the three indexes together'
                )


def can_score(dataset: Any) -> bool:
    """Whether any pair of a set is verified present."""
    return bool(verified_pairs(dataset, np.arange(len(dataset)))[2].any())


def _kind(bank: FeatureBank) -> str:
    """Features that models can share, in words."""
    weights = bank.provenance.get('weights', 'unknown')
    return f'features of width {bank.features.shape[-1]} of the weights {weights}'
