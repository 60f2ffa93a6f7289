"""Cleaning networks that have not seen the images whose labels they clean.

A classifier remembers the noisy labels of the images that it has learned from, the more the fewer
there are, and a cleaning network that begins with it believes them. So the labels of each part of
T are cleaned by a network whose start has learned from the other parts (cross-fitting).
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from mmnoisy.cleaning.from_config import PARTS
from mmnoisy.cleaning.pairs import clip
from mmnoisy.cleaning.scorer import Scorer
from mmnoisy.engine.sets import trained_on
from mmnoisy.engine.transforms import on_part
from mmnoisy.experiments.evaluation import verified_pairs
from mmnoisy.experiments.portfolio import START
from mmnoisy.experiments.progress import Progress
from mmnoisy.experiments.trials import Trials
from mmnoisy.io.atomic import atomic_path

NUMBER = 3


def train_parts(trials: Trials, name: str, folder: Path) -> None:
    """Trains a cleaning network for each part of T; finished ones are not trained again.

    Writes ``0.pth`` and so on, their weights, and ``part.npy``, the part that each image of T is
    in, which :func:`mmnoisy.cleaning.from_config.build_scorer` reads.

    Args:
        trials: of the choice.
        name: of the candidate, which begins with the start.
        folder: to write.
    """
    num_images = len(trials.data.train)
    part = np.random.default_rng([trials.seed, num_images]).permutation(num_images) % NUMBER
    missing = [k for k in range(NUMBER) if not (folder / f'{k}.pth').exists()]
    folder.mkdir(parents=True, exist_ok=True)
    start = trials.begun[START]
    left = {trials.system(one): len(missing) * trials.steps(one) for one in (start, name)}

    def train_part(k: int) -> None:
        rest = np.flatnonzero(part != k).tolist()
        with tempfile.TemporaryDirectory() as work:
            begin = Path(work, 'start.pth')
            for one, path in ((start, begin), (name, folder / f'{k}.pth')):
                cfg = trials.config(one, str(begin) if one == name else '')
                if 'train' in trained_on(cfg):
                    cfg = on_part(cfg, 'train', rest)
                model = trials.train(one, cfg, f'part {k + 1} of T')
                with atomic_path(path) as made:
                    trials.trainer.save(model, made)

    with Progress(left) as trials.trainer.progress:
        trials.trainer.at_once(train_part, [(k,) for k in missing])
    with atomic_path(folder / PARTS) as made, open(made, 'wb') as file:
        np.save(file, part.astype(np.uint8), allow_pickle=False)


def cleaned_pairs(scorer: Scorer) -> np.ndarray:
    """The cleaned labels (P,) of the verified pairs of a set, image by image.

    Args:
        scorer: of a model, or of the networks of the parts, and the set.
    """
    found = [np.empty(0, np.float32)]
    for rows, scores in scorer([slice(0, len(scorer.index))]):
        samples = np.arange(*scorer.samples(rows))
        image, label, _ = verified_pairs(scorer.dataset, samples)
        found.append(clip(scores.raw[scorer.rows[samples[image]] - rows.start, label]))
    return np.concatenate(found)
