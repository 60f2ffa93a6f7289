"""What tells runs apart: settings, wherever their files are, code and data."""

import pytest
from mmengine.config import Config

from mmnoisy.experiments.fingerprint import fingerprint


def settings(folder, **changes):
    given = dict(index=folder, sets=[dict(ann_file=f'{folder}/train')], rate=0.1, work_dir=folder)
    return Config({**given, **changes})


@pytest.mark.parametrize('folder', ['/b', '/ä "b"\\c', 'rate', '.'])
def test_the_place_of_a_folder_does_not_matter(folder):
    first = fingerprint(settings('/a'), {'/a': 'INDEX'}, 'x')
    assert fingerprint(settings(folder), {folder: 'INDEX'}, 'x') == first
    for changes in (dict(rate=0.2), dict(index=f'{folder}/train'), dict(index=f'{folder}2')):
        other = fingerprint(settings(folder, **changes), {folder: 'INDEX'}, 'x')
        assert other['settings'] != first['settings']
    assert fingerprint(settings(folder), {folder: 'INDEX'}, 'y')['data'] != first['data']
