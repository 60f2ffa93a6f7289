"""The methods of this project as an estimator of scikit-learn."""

from __future__ import annotations

from numbers import Integral
from pathlib import Path
from typing import Any, Dict, Mapping, Optional

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from mmnoisy.arrays.choice import AUTO, chosen_candidates, systems_of
from mmnoisy.arrays.cleaning import cleaned_labels, ranked_labels
from mmnoisy.arrays.data_set import images_of, opened
from mmnoisy.arrays.model import built, probabilities
from mmnoisy.arrays.reading import read_features
from mmnoisy.arrays.training import Training, options_of, seed_of, stages_of
from mmnoisy.arrays.writing import as_container, as_table, class_names, named
from mmnoisy.cleaning.pairs import Rule, clip
from mmnoisy.errors import InputError
from mmnoisy.experiments.search import Recipe
from mmnoisy.metrics import verified_average_precision

MEASURES = ('AP_all', 'MAP')


class NoisyLabelClassifier(ClassifierMixin, BaseEstimator):
    """Learns several labels an image from many noisy labels and a few verified ones.

    It trains heads on features that are there, such as embeddings of images, by the configs that
    ``tools/compare.py`` trains; the same method and seed give the same figures.

    Args:
        method: ``'auto'``, chosen on V as ``mmnoisy run`` does; or ``'best'``, ``'joint'``,
            ``'baseline'`` or another of :data:`mmnoisy.arrays.training.METHODS` (docs/methods.md).
        classes: names of the C classes; None for the columns of a data frame, or 0 to C - 1.
        search_rates: choose the learning rates on a third of V, as a comparison does, for four
            times the time or more; otherwise those of the configs, as ``'auto'`` always has.
        steps: of each training; None for as many as its config says, 500 to 1,500 or one pass over
            the images.
        random_state: of the order of the images, the weights and the search.

    Attributes:
        classes_: (C,) their names.
        method_: that was trained.
        candidates_: what ``'auto'`` trained, stage by stage; None for other methods.
        seed_: of it.
        recipes_: the learning rates of each stage, as factors of its config's own.
        settings_: the model, in MMPretrain's words.
        weights_: arrays by name; with ``settings_`` all that predicts.
        n_features_in_: the width of the features, D.
        feature_names_in_: (D,) where X was a data frame.

    Example:
        >>> import numpy as np
        >>> from mmnoisy import NoisyLabelClassifier
        >>> rng = np.random.default_rng(0)
        >>> truth = rng.random((400, 3)) < 0.3
        >>> X = truth @ rng.normal(size=(3, 64)) + rng.normal(size=(400, 64))
        >>> Y = truth | (rng.random((400, 3)) < 0.2)  # a third of the labels is wrong
        >>> V = np.where(np.arange(400)[:, None] < 100, truth, np.nan)  # 100 images are verified
        >>> model = NoisyLabelClassifier('finetune_clean', steps=50).fit(X, Y, verified=V)
        >>> model.predict_proba(X).shape
        (400, 3)
        >>> bool(model.score(X, truth) > 0.9)
        True
    """

    def __init__(
        self,
        method: str = 'auto',
        *,
        classes: Optional[Any] = None,
        search_rates: bool = False,
        steps: Optional[int] = None,
        random_state: Any = 0,
    ) -> None:
        self.method = method
        self.classes = classes
        self.search_rates = search_rates
        self.steps = steps
        self.random_state = random_state

    def fit(self, X: Any, Y: Any, verified: Any = None) -> NoisyLabelClassifier:
        """Trains on the noisy labels of T and the verdicts on V.

        Args:
            X: features (N, D), an array, maybe mapped from a file, or a data frame; float16,
                float32 and float64 are not copied.
            Y: noisy labels (N, C), confidences in [0, 1] and 0 where there is no label; an array,
                a data frame or a sparse matrix of SciPy.
            verified: verdicts (N, C): 1 present, 0 absent, NaN unknown; or sparse with 1 present
                and -1 absent. An image with any verdict is of V, all others are T. None: nobody
                has verified anything, which ``method='baseline'`` does without.

        Raises:
            InputError: one of them cannot be used.
        """
        features = read_features(self, X, reset=True)
        if self.steps is not None and (not isinstance(self.steps, Integral) or self.steps < 1):
            raise InputError(f'steps={self.steps!r}: give a number of at least 1, or None')
        with opened(features, Y, verified) as (root, rated):
            self.classes_ = class_names(self.classes, Y)
            self.seed_ = seed_of(self.random_state)
            self._choose(root, rated)
            training = self._training(root, rated)
            model = training.train()
            self.settings_ = training.model_settings()
            self.recipes_ = {name: training.recipe(name)._asdict() for name in training.stages}
        self.weights_ = {key: value.cpu().numpy() for key, value in model.state_dict().items()}
        self._model = built(self.settings_, self.weights_)
        return self

    def predict_proba(self, X: Any) -> Any:
        """Probabilities (N, C) float32 of the classes; a data frame if X is one.

        Raises:
            InputError: X cannot be used.
        """
        features = read_features(self._fitted(), X, reset=False)
        return named(probabilities(self._model, features), X, self.classes_)

    def predict(self, X: Any) -> Any:
        """(N, C) integers, 1 where a class has a probability of at least 0.5; as above."""
        return (self.predict_proba(X) >= 0.5).astype(np.int64)

    def clean(
        self,
        X: Any,
        Y: Any,
        *,
        threshold: float = 0.5,
        max_added: Optional[int] = None,
        soft: bool = False,
    ) -> Any:
        """The noisy labels of images, cleaned as ``tools/clean_labels.py`` cleans them.

        Args:
            X: features (N, D).
            Y: their noisy labels (N, C), see :meth:`fit`; the context of each of them.
            threshold: a label is present from this cleaned value on.
            max_added: labels that an image gains at most; None for any.
            soft: give cleaned values in [0, 1] instead of the confidences of Y; only labels of
                value 0 are removed then.

        Returns:
            (N, C) confidences in a container like Y; 0 where a label is removed.

        Raises:
            InputError: one of them cannot be used, or the method has no cleaning network.

        Example:
            >>> import numpy as np
            >>> from mmnoisy import NoisyLabelClassifier
            >>> rng = np.random.default_rng(0)
            >>> truth = rng.random((400, 3)) < 0.3
            >>> X = truth @ rng.normal(size=(3, 64)) + rng.normal(size=(400, 64))
            >>> Y = truth | (rng.random((400, 3)) < 0.2)
            >>> V = np.where(np.arange(400)[:, None] < 100, truth, np.nan)
            >>> model = NoisyLabelClassifier('best', steps=50).fit(X, Y, verified=V)
            >>> cleaned = model.clean(X, Y)
            >>> bool(np.mean((cleaned > 0) == truth) > np.mean(Y == truth))
            True
        """
        features = read_features(self._fitted(), X, reset=False)
        if not self.settings_.get('cleaning_head'):
            raise InputError(
                f'method={self.method_!r}: has no cleaning network, so it cannot clean labels; fit '
                "with one such as 'best' or 'joint'"
            )
        if not 0 <= threshold <= 1 or (max_added or 0) < 0:
            given = f'threshold={threshold}, max_added={max_added}'
            raise InputError(f'{given}: give one in [0, 1], and 0 or more')
        with opened(features, Y, None, len(self.classes_)) as (root, _):
            rule = Rule(threshold, max_added, soft)
            cleaned = cleaned_labels(self._model, images_of(root), rule)
        return as_container(cleaned, Y, len(self.classes_))

    def rank_labels(
        self,
        X: Any,
        Y: Any,
        verified: Any,
        *,
        size: int = 1000,
        folds: int = 5,
        class_share: Optional[float] = None,
    ) -> Any:
        """The noisy labels of T that are worth most to be checked by a human, best first.

        As ``tools/review_queue.py``, it learns from V what wrong labels look like, and for this
        trains the method once for each part of V, without it.

        Args:
            X: as in :meth:`fit`, and so the next two.
            Y: as there.
            verified: as there.
            size: number of labels.
            folds: number of the parts of V.
            class_share: of the labels that one class may take while others are left; None for the
                one that finds most errors on V.

        Returns:
            A structured array (a data frame if X or Y is one) with the fields ``row`` (of X; a
            data frame's own), ``label`` (the class), ``confidence``, ``cleaned`` and ``score``
            (what the cleaning network and the classifier say), ``probability_wrong`` and
            ``value``, by which it is ordered.

        Raises:
            InputError: one of them cannot be used, or V is too small or says the same of all.

        Example:
            >>> import numpy as np
            >>> from mmnoisy import NoisyLabelClassifier
            >>> rng = np.random.default_rng(0)
            >>> truth = rng.random((400, 3)) < 0.3
            >>> X = truth @ rng.normal(size=(3, 64)) + rng.normal(size=(400, 64))
            >>> Y = truth | (rng.random((400, 3)) < 0.2)
            >>> V = np.where(np.arange(400)[:, None] < 100, truth, np.nan)
            >>> model = NoisyLabelClassifier('best', steps=50).fit(X, Y, verified=V)
            >>> first = model.rank_labels(X, Y, V, size=20, folds=2)
            >>> bool(np.mean(~truth[first['row'], first['label']]) > 0.8)
            True
        """
        features = read_features(self._fitted(), X, reset=False)
        with opened(features, Y, verified, len(self.classes_)) as (root, rated):
            training = self._training(root, rated, self.recipes_)
            queue = ranked_labels(training, self._model, size, folds, class_share)
        rows = np.flatnonzero(~rated)[queue.pairs['image']]
        frame = next((one for one in (X, Y) if hasattr(one, 'iloc')), None)
        values = dict(
            row=rows if frame is None else frame.index[rows],
            label=self.classes_[queue.pairs['label']],
            confidence=queue.pairs['before'],
            cleaned=clip(queue.pairs['raw']),
            score=queue.pairs['score'],
            probability_wrong=queue.wrong,
            value=queue.value,
        )
        return as_table(values, frame is not None)

    def score(self, X: Any, y: Any, measure: str = 'AP_all') -> float:
        """Average precision in [0, 1] over verified pairs, see :mod:`mmnoisy.metrics`.

        Args:
            X: features (N, D).
            y: verdicts (N, C) on these images, see ``verified`` of :meth:`fit`.
            measure: ``'AP_all'`` or ``'MAP'``.

        Raises:
            InputError: one of them cannot be used, or nothing is verified present.
        """
        if measure not in MEASURES:
            raise InputError(f'measure={measure!r}: give one of {", ".join(MEASURES)}')
        return getattr(verified_average_precision(self.predict_proba(X), y), measure)

    def __getstate__(self) -> Dict[str, Any]:
        # What is built of settings and weights is built again.
        return {key: value for key, value in super().__getstate__().items() if key != '_model'}

    def __setstate__(self, state: Dict[str, Any]) -> None:
        super().__setstate__(state)
        if 'weights_' in state:
            self._model = built(self.settings_, self.weights_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        target, classifier = tags.target_tags, tags.classifier_tags
        target.single_output, target.multi_output, target.two_d_labels = False, True, True
        classifier.multi_class, classifier.multi_label = False, True
        return tags

    def _fitted(self) -> NoisyLabelClassifier:
        check_is_fitted(self, 'weights_')
        return self

    def _choose(self, root: Path, rated: np.ndarray) -> None:
        """Sets the method to train on the data set of a folder."""
        self.method_, self.candidates_ = self.method, None
        if self.method == AUTO:
            options = options_of(root, self.steps)
            self.candidates_ = chosen_candidates(root, int(rated.sum()), self.seed_, options)
            self.method_ = self.candidates_[-1]['name']

    def _training(
        self, root: Path, rated: np.ndarray, recipes: Optional[Mapping[str, Any]] = None
    ) -> Training:
        """The training of ``method_``, by recipes that are there already or by the parameters."""
        searched = self.search_rates and not self.candidates_ and recipes is None
        options = options_of(root, self.steps)
        if self.candidates_:
            systems, stages = systems_of(self.candidates_, root, options)
        else:
            systems, stages = stages_of(self.method_, root, options, searched)
        found = {name: Recipe(**recipe) for name, recipe in (recipes or {}).items()}
        given = found if searched else {**dict.fromkeys(systems, Recipe()), **found}
        return Training(root, int(rated.sum()), systems, stages, self.seed_, given)
