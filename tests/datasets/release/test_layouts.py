"""Random releases in every published layout, compared with the slow reader."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_releases import CLASSES, IDS, LONG, expected, releases, write
from slow_reader import content

from mmnoisy import InputError
from mmnoisy.datasets import LabelIndex
from mmnoisy.datasets.release.csv_files import read_labels
from mmnoisy.datasets.release.files import ReleaseFile
from mmnoisy.datasets.release.layout import find_release, recognise
from mmnoisy.datasets.release.prepare import prepare


@settings(max_examples=100)
@given(releases(), st.sampled_from(['plain', 'gz', 'archives']))
def test_every_layout_equals_the_slow_reader(release, form):
    version, texts = release
    with tempfile.TemporaryDirectory() as name:
        root, plain = Path(name, 'release'), Path(name, 'plain')
        write(root, version, texts, form)
        write(plain, version, texts, 'plain')
        assert recognise(root) == version
        indexes = prepare(find_release(root), root / 'index')
        sets = expected(version, plain)
        assert {subset: content(index) for subset, index in indexes.items()} == sets
        for subset in IDS:
            assert content(LabelIndex.open(root / 'index' / subset)) == sets[subset]
        accounts = {
            file['path']: file for index in indexes.values() for file in index.info['files']
        }
        for file in accounts.values():
            assert file['rows'] == file['kept'] + sum(file['dropped'].values()), file


@settings(max_examples=20)
@given(releases().filter(lambda release: release[0] != 'v1'))
def test_images_of_train_with_verdicts_move_or_go(release):
    version, texts = release
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        write(root, version, texts, 'plain')
        sets = expected(version, root, verdicts_on_train=True)
        rated = {image: labels for image, labels in sets['train'].items() if labels[1]}
        left = {image: labels for image, labels in sets['train'].items() if not labels[1]}
        files = find_release(root, train_verdicts=True)
        for way, verified in (
            ('add', {**sets['validation'], **rated}),
            ('exclude', sets['validation']),
        ):
            if not any(noisy for noisy, _ in left.values()):
                with pytest.raises(InputError, match='no machine label is left'):
                    prepare(files, root / way, train_verdicts=way)
                continue
            indexes = prepare(files, root / way, train_verdicts=way)
            assert content(indexes['train']) == left
            assert content(indexes['validation']) == verified
            assert content(indexes['test']) == sets['test']


def v4(root):
    lines = {
        'machine': [LONG, f'{1:016x},machine,/m/0a,0.5'],
        'human': [LONG, f'{1:016x},verification,/m/0a,1'],
    }
    root.mkdir(exist_ok=True)
    for i, subset in enumerate(IDS):
        for kind, text in lines.items():
            path = root / f'{subset}-annotations-{kind}-imagelabels.csv'
            path.write_text('\n'.join(text).replace(f'{1:016x}', f'{i:016x}'))
    (root / 'classes.txt').write_text('/m/0a\n')
    return root


def test_unknown_and_ambiguous_folders(tmp_path):
    with pytest.raises(InputError, match='there are label files of no release here'):
        find_release(tmp_path)
    v4(tmp_path)
    assert recognise(tmp_path) == 'v4'
    (tmp_path / 'oidv7-train-annotations-machine-imagelabels.csv').write_text(LONG)
    with pytest.raises(InputError, match=r'there are files of v4 and v7 here.* --version'):
        find_release(tmp_path)
    assert len(find_release(tmp_path, 'v4').files) == 6
    with pytest.raises(InputError, match=r'oidv7-val-annotations-machine-imagelabels\.csv is neit'):
        find_release(tmp_path, 'v7')
    with pytest.raises(InputError, match='there is no such folder'):
        find_release(tmp_path / 'nowhere')
    (tmp_path / 'train-annotations-human-imagelabels.csv').unlink()
    with pytest.raises(InputError, match=r'train-annotations-human-imagelabels\.csv is neither'):
        find_release(tmp_path, 'v4', train_verdicts=True)


def test_files_by_name_need_no_release(tmp_path):
    source = v4(tmp_path / 'elsewhere')
    given = {
        (kind, subset): ReleaseFile(source / f'{subset}-annotations-{kind}-imagelabels.csv')
        for kind in ('machine', 'human')
        for subset in ('train', 'validation', 'test')
    }
    root = tmp_path / 'mine'
    root.mkdir()
    release = find_release(root, given=given)
    with pytest.raises(InputError, match='there is no class list; name one with --classes'):
        prepare(release, root / 'index')
    release = release._replace(classes=ReleaseFile(source / 'classes.txt'))
    assert [len(index) for index in prepare(release, root / 'index').values()] == [1, 1, 1]


def test_a_list_of_one_subset_is_refused_for_another(tmp_path):
    root = v4(tmp_path)
    (root / 'train-images.csv').write_text(f'ImageID,Subset\n{0:016x},test\n')
    with pytest.raises(InputError, match=r'image of another subset.*the image list of this'):
        prepare(find_release(root), root / 'index')


def test_frequent_classes(tmp_path):
    root = v4(tmp_path)
    counts = {'/m/a': (3, 2), '/m/b': (3, 1), '/m/c': (2, 2), '/m/d': (4, 4)}
    for which, subset in enumerate(('train', 'validation', 'test')):
        rows = [LONG]
        for mid, (*most, last) in counts.items():
            number = [*most, last, 1][which]
            rows += [f'{which}{k:015x},machine,{mid},1' for k in range(number)]
        path = root / f'{subset}-annotations-machine-imagelabels.csv'
        path.write_text('\n'.join(rows))
        human = root / f'{subset}-annotations-human-imagelabels.csv'
        human.write_text('\n'.join(rows).replace('machine', 'human'))
    release = find_release(root)
    assert prepare(release, root / 'index', frequent=(3, 2))['test'].classes == ['/m/a', '/m/d']
    with pytest.raises(InputError, match='--frequent 50 20: no class has so many labels'):
        prepare(release, root / 'index', frequent=(50, 20))


def test_an_archive_without_the_file(tmp_path):
    version, texts = 'v1', {'machine_ann_2016_08/other/labels.csv': b''}
    write(tmp_path, version, texts, 'archives')
    path = tmp_path / 'machine_ann_2016_08_v3.tar.gz'
    file = ReleaseFile.parse(f'{path}::machine_ann_2016_08/train/labels.csv')
    with pytest.raises(InputError, match=r"has no member 'machine_ann_2016_08/train/labels\.csv'"):
        read_labels(file, CLASSES, 'machine')
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(InputError, match='is damaged'):
        read_labels(file, CLASSES, 'machine')
