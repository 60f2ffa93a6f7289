import shutil

import numpy as np
import torch
from made_project import SHORT, make_project, settings_of

from mmnoisy.datasets import LabelIndex
from mmnoisy.datasets.project import Project
from mmnoisy.experiments.parts_of_t import NUMBER, train_parts
from mmnoisy.experiments.portfolio import START, cleaners, starts
from mmnoisy.experiments.project_features import import_features
from mmnoisy.experiments.trials import Trials


def weights_of(project, folder):
    """The weights of each part, trained on the labels of a project."""
    options = {**SHORT, 'index': str(project / 'index')}
    trials = Trials(project / 'features', folder, 0, options, starts(False)[0])
    trials.begun[START] = starts(False)[0].name
    cleaner = cleaners(False)[0]
    trials.add(cleaner)
    train_parts(trials, cleaner.name, folder / 'parts')
    paths = [folder / 'parts' / f'{k}.pth' for k in range(NUMBER)]
    return [torch.load(path, weights_only=True)['state_dict'] for path in paths]


def test_what_cleans_a_part_has_not_seen_it(tmp_path):
    project = make_project(tmp_path)
    import_features(Project.open(project), *settings_of(tmp_path)[3:5])
    before = weights_of(project, tmp_path / 'a')
    part = np.load(tmp_path / 'a/parts/part.npy')
    assert np.ptp(np.bincount(part)) <= 1
    other = shutil.copytree(project, tmp_path / 'other')
    index = LabelIndex.open(other / 'index/train')
    assert len(part) == len(index)
    gone = np.repeat(part == 1, np.diff(index.noisy.start))
    count = np.where(part == 1, 0, np.diff(index.noisy.start))
    index.noisy = index.noisy._replace(
        start=np.append(0, np.cumsum(count)),
        label=index.noisy.label[~gone],
        value=index.noisy.value[~gone],
    )
    features = np.load(other / 'features/train/features.npy', mmap_mode='r+')
    features[part == 1] += 1
    features.flush()
    shutil.rmtree(other / 'index/train')
    index.write(other / 'index/train')
    after = weights_of(other, tmp_path / 'b')
    same = [all(torch.equal(a[key], b[key]) for key in a) for a, b in zip(before, after)]
    assert same == [k == 1 for k in range(NUMBER)]
