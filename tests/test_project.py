"""The project as a whole: packaging, README, metafile, order of the imports."""

import re
import runpy

import pytest
import setuptools
import yaml
from conftest import REPO

from mmnoisy import InputError, stack


@pytest.fixture
def packaging(monkeypatch):
    """The arguments of ``setup`` in setup.py."""
    given = {}
    monkeypatch.setattr(setuptools, 'setup', lambda **kwargs: given.update(kwargs))
    monkeypatch.chdir(REPO)
    runpy.run_path('setup.py')
    return given


def test_the_oldest_versions_are_the_floors(packaging):
    extras = packaging['extras_require']
    floors = {}
    for one in {*packaging['install_requires'], *extras['test']}:
        name, floor = re.match(r'([\w-]+)>=([\d.]+)', one).groups()  # each has one
        floors[name] = floor
    lines = (REPO / '.ci/oldest.txt').read_text().splitlines()[1:]
    assert lines == [f'{name}=={floor}' for name, floor in sorted(floors.items())]
    assert '.'.join(map(str, stack.OLDEST_TORCH)) + '.0' == floors['torch']


def test_the_package_keeps_the_stack_that_there_is(packaging):
    """Only two extras bring one, and those that include the first of them."""
    brought = re.compile('mmpretrain|mmengine|mmcv|torch')
    extras = packaging['extras_require']
    groups = {'': packaging['install_requires'], **extras}
    bringing = {name for name, group in groups.items() if any(map(brought.search, group))}
    assert bringing == {'openmmlab', 'onedl', 'all', 'test'}
    assert not {'mmpretrain', 'mmengine', 'mmcv-lite'} & {
        re.match(r'[\w-]+', one).group() for one in extras['onedl']
    }


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        (
            ('find_spec', lambda name: name != 'mmpretrain'),
            r"mmpretrain: not installed; run pip install 'mmnoisy\[openmmlab\]', or .*\[onedl\]'",
        ),
        (('version', lambda name: '2.5.1+cpu'), r"torch 2\.5\.1\+cpu: too old; .*'torch>=2\.6'"),
    ],
)
def test_a_stack_that_is_missing_or_too_old(monkeypatch, change, sentence):
    monkeypatch.setattr(stack, *change)
    with pytest.raises(InputError, match=sentence):
        stack.require()


def test_the_readme_shows_both_commands_by_line_20():
    lines = (REPO / 'README.md').read_text().splitlines()
    commands = [k for k, line in enumerate(lines, 1) if line.startswith('python3 -m venv')]
    assert len(commands) == 2
    assert commands[1] <= 20


def test_the_metafile_lists_every_config():
    (imported,) = yaml.safe_load((REPO / 'model-index.yml').read_text())['Import']
    models = yaml.safe_load((REPO / imported).read_text())['Models']
    listed = sorted(model['Config'] for model in models)
    assert listed == sorted(f'configs/{path.name}' for path in (REPO / 'configs').glob('*.py'))
    assert all(f'configs/{model["Name"]}.py' == model['Config'] for model in models)


# A package imports only from those before it; those of one line are strangers to one another.
ORDER = [
    ('errors',),
    ('io', 'seeds', 'stack', 'class_names', 'config_files', 'wording'),
    ('label_batch', 'diagnosis'),
    ('datasets', 'models', 'evaluation'),
    ('reporting', 'metrics'),
    ('engine',),
    ('cleaning',),
    ('apis',),
    ('components', 'registration'),
    ('experiments',),
    ('arrays',),
    ('cli',),
]


def test_imports_go_one_way():
    rank = {name: place for place, names in enumerate(ORDER) for name in names}
    package = REPO / 'mmnoisy'
    for path in package.rglob('*.py'):
        own = path.relative_to(package).parts[0].removesuffix('.py')
        if own in ('__init__', '__main__'):
            continue
        text = path.read_text()
        imported = {*re.findall(r'^ *(?:from|import) mmnoisy\.(\w+)', text, re.M)}
        if own != 'cli':
            imported |= {*re.findall(r'^ *from mmnoisy import (\w+)', text, re.M)} & {*rank}
        backwards = {name for name in imported - {own} if rank[name] >= rank[own]}
        assert not backwards, f'{path} imports {backwards}'


def test_no_two_test_files_have_one_name():
    """Pytest imports them by name."""
    names = [path.name for path in (REPO / 'tests').rglob('test_*.py')]
    assert len(names) == len({*names})


def test_pure_functions_do_not_know_MM():
    with_mm = (
        '__init__',
        'clean',
        'cross_fit',
        'from_config',
        'scorer',
        'loading',
        'open_images',
        'open_images_demo',
        'open_images_features',
        'ratio_sampler',
        'scan',
    )
    pure = [
        REPO / 'mmnoisy/label_batch.py',
        *(path for path in (REPO / 'mmnoisy/datasets').rglob('*.py') if path.stem not in with_mm),
        *(path for path in (REPO / 'mmnoisy/cleaning').rglob('*.py') if path.stem not in with_mm),
        REPO / 'mmnoisy/models/targets.py',
        REPO / 'mmnoisy/evaluation/average_precision.py',
        REPO / 'mmnoisy/evaluation/calibration.py',
        REPO / 'mmnoisy/evaluation/thresholds.py',
        REPO / 'mmnoisy/evaluation/verdicts.py',
        REPO / 'mmnoisy/apis/pictures.py',
    ]
    for path in pure:
        assert not re.search(r'^(?:from|import) mm(?!noisy)', path.read_text(), re.M), path
