"""A project of a generated data set, whose trainings are a few steps long."""

import json
import shutil

import numpy as np
from made_index import make_data_set

from mmnoisy.datasets import FeatureBank
from mmnoisy.experiments.project_run import Settings

SHORT = {
    'train_cfg.min_images': 60,
    'train_cfg.min_passes': 0,
    'train_dataloader.batch_size': 20,
}
SUBSETS = ('train', 'validation', 'test')


def make_project(root, **changes):
    """Writes a project and beside it its features as an array, and the ids of the rows."""
    made = root / 'made'
    make_data_set(made)
    banks = [FeatureBank.open(made / 'features' / subset) for subset in SUBSETS]
    ids = [image_id for bank in banks for image_id in bank.image_ids]
    np.save(root / 'features.npy', np.concatenate([bank.features[:, 0] for bank in banks]))
    (root / 'ids.txt').write_text('\n'.join(ids) + '\n')
    project = root / 'project'
    shutil.copytree(made / 'index', project / 'index')
    info = dict(format='mmnoisy project', version=1, pictures=str(root), **changes)
    (project / 'project.json').write_text(json.dumps(info))
    return project


def settings_of(root, **changes):
    """What ``mmnoisy run`` is asked for."""
    given = dict(features=root / 'features.npy', feature_ids=root / 'ids.txt', options=SHORT)
    return Settings(**{**given, **changes})


def rewrite_v(project, index):
    """Puts an index in the place of that of V."""
    shutil.rmtree(project / 'index' / 'validation')
    index.write(project / 'index' / 'validation')
