"""``auto`` as a row of a comparison: a choice and its training for every seed and number of V."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

import numpy as np
from mmengine.config import Config

from mmnoisy.engine.trained_model import load_classifier
from mmnoisy.evaluation.leave_one_out import leave_one_out_average_precision
from mmnoisy.experiments.auto import Choice, choose, hooks_with_members
from mmnoisy.experiments.data import Data
from mmnoisy.experiments.decision import Interval
from mmnoisy.experiments.evaluation import evaluate, scores_of_pairs
from mmnoisy.experiments.fingerprint import check_made_by, fingerprint, read_json
from mmnoisy.experiments.indexes import keep, part_of
from mmnoisy.experiments.judgement import judged, plain
from mmnoisy.experiments.portfolio import CLEANER
from mmnoisy.experiments.runs import AutoRun, Run
from mmnoisy.experiments.systems import AUTO
from mmnoisy.io.atomic import write_json


class AutoRuns:
    """Chooses, trains and tests, and keeps what a grid keeps of a run, with ``choice.json``.

    Args:
        data: of the comparison.
        index: folder of its label indexes.
        features: folder of their banks.
        out: folder of the comparison.
        options: settings that replace those of all configs.
        examples: numbers of the test images to look at.
        processes: as of :func:`mmnoisy.experiments.auto.choose`.
    """

    def __init__(
        self,
        data: Data,
        index: Path,
        features: Path,
        out: Path,
        options: Mapping[str, Any],
        examples: Sequence[int] = (),
        processes: Optional[int] = None,
    ) -> None:
        self.processes = processes
        self.data, self.index, self.features, self.out = data, index, features, out.resolve()
        self.options, self.examples = dict(options), examples

    def run(
        self, seeds: Sequence[int], sizes: Sequence[int], replace: bool = False
    ) -> List[AutoRun]:
        """Does what is left to do, for every seed and number of verified images.

        Args:
            seeds: of the runs.
            sizes: numbers of verified images.
            replace: runs of other settings, data or code are made anew.

        Raises:
            InputError: V is too small for a choice, or ``out`` holds runs of other settings.
        """
        return [self._finished(size, seed, replace) for size in sorted(sizes) for seed in seeds]

    def _finished(self, size: int, seed: int, replace: bool) -> AutoRun:
        folder = self.out / 'runs' / f'{AUTO}-v{size}-s{seed}'
        made_by = self._made_by(size, seed)
        if folder.is_dir():
            found = read_json(folder / 'made_by.json')
            if replace and found != made_by:
                shutil.rmtree(folder)
            else:
                check_made_by(folder, found, made_by)
        if not folder.is_dir():
            self._make(folder, size, seed, made_by)
        choice = read_json(folder / 'choice.json')
        on_v = {name: _interval(*ends) for name, ends in choice['on_v'].items()}
        return AutoRun(Run.read(folder, AUTO, size), choice['method'], on_v)

    def _make(self, folder: Path, size: int, seed: int, made_by: Dict[str, str]) -> None:
        start = time.perf_counter()
        digest = hashlib.sha256(json.dumps([folder.name, made_by]).encode()).hexdigest()[:12]
        work = self.out / 'unfinished' / digest
        options = {**self.options, **self._part(size, seed)}
        choice = choose(self.index, self.features, work, seed, options, processes=self.processes)
        cfg, name = choice.config, choice.method.name
        cleaner = choice.trials.begun[CLEANER]
        choice.trials.train_all([name, cleaner])
        weights, of_cleaner = map(choice.trials.weights, (name, cleaner))
        model = load_classifier(cfg, str(weights))
        found = evaluate(model, self.data.test, cfg.test_evaluator, self.examples)
        network = load_classifier(choice.trials.config(cleaner), str(of_cleaner))
        found = found._replace(cleaned=scores_of_pairs(network, self.data.test)[1])
        run = Run(AUTO, seed, size, time.perf_counter() - start, **found._asdict())
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix='.unfinished-', dir=folder.parent) as temporary:
            unfinished = Path(temporary) / 'run'
            unfinished.mkdir()
            run.write(unfinished)
            shutil.copyfile(weights, unfinished / 'weights.pth')
            shutil.copyfile(of_cleaner, unfinished / 'cleaner.pth')
            shutil.copyfile(choice.start, unfinished / 'start.pth')
            cfg.load_from, cfg.work_dir = str(folder / 'start.pth'), f'work_dirs/{folder.name}'
            if choice.members:
                named = f'{folder}/members'
                cfg.custom_hooks = hooks_with_members(choice, unfinished / 'members', named)
            cfg.dump(unfinished / 'config.py')
            write_json(unfinished / 'choice.json', plain(_account(choice)))
            write_json(unfinished / 'made_by.json', made_by)
            os.replace(unfinished, folder)
        shutil.rmtree(work)
        with suppress(OSError):  # another choice there was ended, and may go on
            work.parent.rmdir()

    def _part(self, size: int, seed: int) -> Dict[str, str]:
        """The setting that makes some images of V all of it; none where they are."""
        if size == len(self.data.validation):
            return {}
        part = part_of(self.data.index('validation'), self.data.verified(size, seed))
        path = keep(part, self.out / 'indexes', f'validation-{size}')
        return {'verified_set.ann_file': str(path)}

    def _made_by(self, size: int, seed: int) -> Dict[str, str]:
        said = Config(dict(method=AUTO, options=self.options, seed=seed, verified=size))
        return fingerprint(said, self.data.places, f'{self.data.checksum:08x}')


def _account(choice: Choice) -> Dict[str, Any]:
    method, trials = choice.method, choice.trials
    scores, cleaned = choice.cross_fitted
    of_v = scores, cleaned, trials.pairs, trials.num_verified
    on_v = judged(*of_v, leave_one_out_average_precision)
    return dict(method=method.name, text=method.text, on_v=on_v, tried=choice.tried)


def _interval(*ends: Optional[float]) -> Interval:
    """What JSON holds of one."""
    value, low, high = (np.nan if end is None else end for end in ends)
    return value, low, high
