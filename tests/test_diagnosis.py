"""What is said of environments that are not this one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from mmnoisy.diagnosis import (
    ABSENT,
    BAD,
    OK,
    Requirement,
    Row,
    asked_about,
    clash_rows,
    extra_rows,
    meets,
    needed_rows,
    parse,
    python_row,
    stack_of,
)

METADATA = [
    'numpy>=1.23.5',
    'torch>=2.6.0; extra == "openmmlab"',
    'mmpretrain>=1.2.0; extra == "openmmlab"',
    'mmengine>=0.10.4; extra == "openmmlab"',
    'mmcv-lite>=2.0.1; extra == "openmmlab"',
    'setuptools<82,>=64.0.0; extra == "openmmlab"',
    'torch>=2.6.0; extra == "onedl"',
    'onedl-mmpretrain>=1.3.6; extra == "onedl"',
    'onedl-mmengine>=0.10.12; extra == "onedl"',
    'onedl-mmcv>=2.3.6; extra == "onedl"',
    'mmpretrain>=1.2.0; extra == "all"',
    'timm>=0.9.16; extra == "all"',
    'requests>=2.32.2; extra == "all"',
    'requests>=2.32.2; extra == "download"',
    'urllib3>=2.0.2; extra == "download"',
    'pytest>=7.4.0; extra == "test"',
]
REQUIREMENTS = [parse(line) for line in METADATA]
WHOLE = {
    'numpy': '2.4.6', 'torch': '2.14.1+cu130', 'mmpretrain': '1.2.0', 'mmengine': '0.10.7',
    'mmcv-lite': '2.2.0', 'setuptools': '81.0.0', 'timm': '1.0', 'requests': '2.33',
    'urllib3': '2.1.0',
}  # fmt: skip
FORK = {
    'numpy': '1.26', 'torch': '2.6.0', 'onedl-mmpretrain': '1.3.6', 'onedl-mmengine': '0.10.12',
    'onedl-mmcv': '2.3.6', 'setuptools': '84.0',
}  # fmt: skip


def rows_of(versions):
    return [*needed_rows(REQUIREMENTS, versions), *clash_rows(versions)]


def bad(versions):
    return [row for row in rows_of(versions) if row.state == BAD]


def test_a_line_of_the_metadata():
    assert parse('numpy>=1.23.5') == Requirement('numpy', '>=1.23.5', None)
    wanted = Requirement('setuptools', '<82,>=64.0.0', 'openmmlab')
    assert parse('setuptools<82,>=64.0.0; extra == "openmmlab"') == wanted
    assert parse("setuptools (<82,>=64.0.0) ; extra == 'openmmlab'") == wanted


NUMBERS = st.lists(st.integers(0, 3), min_size=1, max_size=4).map(lambda n: '.'.join(map(str, n)))
TESTS = st.tuples(st.sampled_from(['>=', '<', '<=', '>', '==', '!=']), NUMBERS).map(''.join)


@given(NUMBERS, st.lists(TESTS, max_size=3).map(','.join))
def test_versions_as_packaging_compares_them(found, versions):
    assert meets(found, versions) == (Version(found) in SpecifierSet(versions))


def test_what_follows_the_numbers_says_nothing():
    assert meets('2.6.0+cu126', '>=2.6.0')
    assert meets('2.6.0a0', '>=2.6')
    assert not meets('2.5.1+cpu', '>=2.6')


def test_both_stacks_are_whole():
    for versions, stack in ((WHOLE, 'openmmlab'), (FORK, 'onedl')):
        assert stack_of(versions) == stack
        assert bad(versions) == []
        named = {row.what for row in rows_of(versions)}
        assert named == {one.name for one in REQUIREMENTS if one.extra in (None, stack)}


@pytest.mark.parametrize(
    ('changes', 'what', 'advice'),
    [
        ({'torch': '2.5.1'}, 'torch', "pip install 'torch>=2.6.0'"),
        ({'torch': None}, 'torch', "pip install 'mmnoisy[openmmlab]'"),
        ({'numpy': None}, 'numpy', "pip install 'numpy>=1.23.5'"),
        ({'mmengine': None}, 'mmengine', "pip install 'mmnoisy[openmmlab]'"),
        ({'mmcv': '2.2.0'}, 'mmcv with mmcv-lite', 'both are the folder mmcv'),
        ({'mmcv-lite': '2.4.0'}, 'mmpretrain with mmcv-lite', "pip install 'mmcv-lite<2.4'"),
        (
            {'onedl-mmengine': '0.10.12'},
            'mmengine with onedl-mmengine',
            'both are the same folder',
        ),
    ],
)
def test_what_is_wrong_and_how_it_is_mended(changes, what, advice):
    (row,) = bad({**WHOLE, **changes})
    assert row.what == what
    assert row.advice.startswith(advice)


def test_setuptools_82_is_bad_for_mmengine_alone():
    found = {row.what: row for row in bad({**WHOLE, 'setuptools': '82.0.1'})}
    assert {*found} == {'setuptools', 'mmengine with setuptools'}
    assert found['mmengine with setuptools'].found == 'mmengine 0.10.7, setuptools 82.0.1'
    assert bad({**FORK, 'setuptools': '99'}) == []


def test_the_full_mmcv_is_as_good_as_the_light_one():
    assert bad({**WHOLE, 'mmcv-lite': None, 'mmcv': '2.1.0'}) == []


def test_openmim_beside_the_requests_that_it_pins():
    (row,) = bad({**WHOLE, 'openmim': '0.3.9', 'requests': '2.28.2'})
    assert row.what == 'openmim with requests'


def test_nothing_there_asks_for_the_first_stack():
    rows = bad({})
    assert {row.what for row in rows} == {
        'numpy', 'torch', 'mmpretrain', 'mmengine', 'mmcv-lite', 'setuptools',
    }  # fmt: skip


def test_extras_that_are_missing_are_no_fault():
    rows = [*extra_rows(REQUIREMENTS, {**WHOLE, 'urllib3': None, 'timm': None})]
    assert rows == [
        Row(
            ABSENT, 'extra download', 'requests 2.33, urllib3 missing',
            "pip install 'mmnoisy[download]'",
        ),
        Row(ABSENT, 'timm', 'missing', "pip install 'timm>=0.9.16'"),
    ]  # fmt: skip
    rows = [*extra_rows(REQUIREMENTS, WHOLE)]
    assert [(row.state, row.advice) for row in rows] == [(OK, '')] * 2


def test_python():
    assert python_row('3.11.7').state == OK
    for found in ('3.8.19', '3.14.0'):
        assert python_row(found) == Row(BAD, 'Python', found, 'use Python >=3.9,<3.14')


def test_all_that_rows_depend_on_is_asked_about():
    names = asked_about(REQUIREMENTS)
    assert {*WHOLE, *FORK, 'mmcv', 'openmim'} <= {*names}
    assert len(names) == len({*names})
