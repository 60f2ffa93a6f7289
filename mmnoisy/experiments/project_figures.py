"""What a project's run tells: the choice, cross-fitted figures, those of test, and warnings."""

from __future__ import annotations

from typing import Any, Dict

import numpy as np
from mmengine.config import Config

from mmnoisy.class_names import distinct_names
from mmnoisy.cleaning.from_config import build_scorer
from mmnoisy.datasets.project import Project
from mmnoisy.engine.checkpoints.reading import checkpoint_file
from mmnoisy.engine.config import load_config
from mmnoisy.engine.trained_model import load_classifier
from mmnoisy.evaluation.leave_one_out import leave_one_out_average_precision
from mmnoisy.experiments.auto import Choice
from mmnoisy.experiments.class_figures import class_figures, class_rows
from mmnoisy.experiments.decision import Pairs
from mmnoisy.experiments.evaluation import (
    BATCH_SIZE,
    are_noisy,
    scores_of_pairs,
    verified_pairs,
)
from mmnoisy.experiments.judgement import (
    calibration,
    judged,
    reason,
    warnings,
    warnings_of_sets,
    warnings_of_test,
    warnings_of_verdicts,
)
from mmnoisy.experiments.parts_of_t import cleaned_pairs


def project_figures(choice: Choice, project: Project, cfg: Config, seed: int) -> Dict[str, Any]:
    """The account of a choice, its figures and its warnings.

    Args:
        choice: that was trained.
        project: of its model and of the networks of the parts of T.
        cfg: of the model, on features; without a test set where there is none.
        seed: of the run.
    """
    trials, rows = choice.trials, choice.tried['methods']
    train, verified = trials.data.train.index, trials.data.validation.index
    names = distinct_names(train.classes, train.info['class_names'])
    scores, cleaned = choice.cross_fitted
    of_v = scores, cleaned, trials.pairs, trials.num_verified
    on_v = judged(*of_v, leave_one_out_average_precision)
    classes_on_v = class_figures(*of_v, len(names), leave_one_out_average_precision)
    silent = len(names) - len(np.unique(trials.pairs.label))
    found: Dict[str, Any] = dict(
        method=choice.method.name,
        text=choice.method.text,
        why=reason(rows),
        warnings=warnings_of_verdicts(trials.pairs.present)
        + warnings(rows, on_v, silent, trials.num_verified)
        + warnings_of_sets(train, verified, names),
        seed=seed,
        folds=trials.folds,
        validation=on_v,
        test=None,
        calibration=dict(validation=calibration(scores, trials.pairs)),
        tried=choice.tried,
        classes=class_rows(names, classes_on_v),
    )
    if cfg.get('test_set'):
        model = load_classifier(cfg, checkpoint_file(str(project.model)))
        data = trials.data.test
        image, label, present = verified_pairs(data, np.arange(len(data)))
        pairs = Pairs(image, label, present, are_noisy(data, image, label))
        scores, _ = scores_of_pairs(model, data)
        cleaner = load_config(project.cleaner, features=project.features)
        cleaned = cleaned_pairs(build_scorer(cleaner, str(project.parts), 'test', BATCH_SIZE, 0))
        of_test = scores, cleaned, pairs, len(data)
        found['test'] = judged(*of_test)
        found['warnings'] += warnings_of_test(len(data))
        found['calibration']['test'] = calibration(scores, pairs)
        classes_on_test = class_figures(*of_test, len(names))
        found['classes'] = class_rows(names, classes_on_v, classes_on_test)
    return found
