"""Projects that somebody spoiled, and what a run says of them."""

import json
import shutil

import numpy as np
import pytest
from made_project import make_project, rewrite_v, settings_of

from mmnoisy import InputError
from mmnoisy.datasets import LabelIndex
from mmnoisy.experiments.project_run import run_project


def of_version_2(root, project):
    info = json.loads((project / 'project.json').read_text())
    (project / 'project.json').write_text(json.dumps({**info, 'version': 2}))


def no_verdict(root, project):
    index = LabelIndex.open(project / 'index' / 'validation')
    rewrite_v(project, index.select(np.zeros(len(index), bool)))


def one_verified(root, project):
    index = LabelIndex.open(project / 'index' / 'validation')
    rewrite_v(project, index.select(np.arange(len(index)) == 5))


def too_few_rows(root, project):
    np.save(root / 'features.npy', np.load(root / 'features.npy')[:-1])


def three_axes(root, project):
    np.save(root / 'features.npy', np.load(root / 'features.npy')[:, :, None])


def no_array(root, project):
    (root / 'features.npy').write_text('none')


def no_file(root, project):
    (root / 'features.npy').unlink()


def other_ids(root, project):
    ids = (root / 'ids.txt').read_text().split()
    (root / 'ids.txt').write_text('\n'.join(['x', *ids[1:]]))


def twice(root, project):
    ids = (root / 'ids.txt').read_text().split()
    (root / 'ids.txt').write_text('\n'.join([ids[1], *ids[1:]]))


def no_text(root, project):
    (root / 'ids.txt').write_bytes(b'\xff\xfe\xff')


def too_large(root, project):
    np.save(root / 'features.npy', 1e6 * np.load(root / 'features.npy').astype('f4'))


@pytest.mark.parametrize(
    ('spoil', 'sentence'),
    [
        (lambda *_: _[1].joinpath('project.json').unlink(), 'there is no project here; make it'),
        (of_version_2, 'is not a project of version 1'),
        (lambda *_: shutil.rmtree(_[1] / 'index' / 'validation'), 'there is no label index here'),
        (no_verdict, 'validation: has 0 verified images and 0 present labels; verify at least two'),
        (one_verified, 'validation: has 1 verified image and'),
        (too_few_rows, r'features.npy: has 419 rows, and .*ids.txt has 420 images'),
        (three_axes, r'features.npy: holds float16 of shape \(420, 8, 1\); give an array'),
        (no_array, r'features.npy: is missing or truncated'),
        (no_file, r'features.npy'),
        (other_ids, r'ids.txt: lacks 1 image of .*train, the first is'),
        (twice, r'ids.txt: has 1 id twice'),
        (no_text, r'ids.txt: cannot be read'),
        (too_large, r'features.npy: a feature is .*which float16 does not hold'),
    ],
)
def test_wrong_input(tmp_path, spoil, sentence):
    project = make_project(tmp_path)
    spoil(tmp_path, project)
    with pytest.raises((InputError, FileNotFoundError), match=sentence):
        run_project(project, settings_of(tmp_path))
    assert not (project / 'choice.json').exists()


def test_a_method_that_is_none_is_told_before_any_work(tmp_path):
    project = make_project(tmp_path)
    with pytest.raises(InputError, match=r'--method jiont: is none; did you mean joint\?'):
        run_project(project, settings_of(tmp_path, method='jiont'))
    assert not (project / 'features').exists()
