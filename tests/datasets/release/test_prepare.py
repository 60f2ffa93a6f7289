import csv
import errno
import shutil

import numpy as np
import pytest
from conftest import HEADER, SUBSETS, mid, write_csv, write_release

from mmnoisy import InputError
from mmnoisy.datasets import LabelIndex
from mmnoisy.datasets.release.files import ReleaseFile
from mmnoisy.datasets.release.index_builder import account_table
from mmnoisy.datasets.release.layout import find_release
from mmnoisy.datasets.release.prepare import prepare


def content(index):
    """The index as a dictionary of sets, by the slowest way."""
    result = {}
    for i, image_id in enumerate(index.image_ids):
        noisy, _ = index.noisy.row(i)
        label, present = index.verdicts.row(i)
        result[image_id] = (
            set(noisy.tolist()),
            set(label[present].tolist()),
            set(label[~present].tolist()),
        )
    return result


def test_every_label_and_verdict_arrives(tmp_path):
    written = write_release(tmp_path / 'release', num_images=50, pictures=False)
    indexes = prepare(find_release(tmp_path / 'release'), tmp_path / 'index')
    for subset in SUBSETS:
        expected = written[subset]
        if subset == 'train':
            expected = {key: (noisy, set(), set()) for key, (noisy, _, _) in expected.items()}
        assert content(indexes[subset]) == expected
        assert content(LabelIndex.open(tmp_path / 'index' / subset)) == expected


def test_tiny_open_images_equals_the_csv_module(tiny, tmp_path):
    indexes = prepare(find_release(tiny), tmp_path / 'index')
    classes = (tiny / 'annotations/classes.txt').read_text().split()
    for subset, kinds in (('train', ['machine']), ('test', ['machine', 'human'])):
        index = indexes[subset]
        for kind in kinds:
            csr = index.noisy if kind == 'machine' else index.verdicts
            found = {
                (int(index.image_ids[i], 16), classes[label], float(value))
                for i in range(len(index))
                for label, value in zip(*csr.row(i))
            }
            path = tiny / f'annotations/{subset}-annotations-{kind}-imagelabels.csv'
            with open(path) as file:
                expected = {
                    (int(row['ImageID'], 16), row['LabelName'], np.float32(row['Confidence']))
                    for row in csv.DictReader(file)
                }
            assert found == expected
    assert len(indexes['train']) == 20_000  # 27 of them without a label


def edit(tmp_path, subset='validation', kind='human', rows=()):
    path = tmp_path / f'release/annotations/{subset}-annotations-{kind}-imagelabels.csv'
    with open(path, 'a') as file:
        file.writelines(','.join(map(str, row)) + '\n' for row in rows)
    return path


def test_duplicates_and_conflicts_follow_the_rule(tmp_path):
    write_release(tmp_path / 'release', num_classes=4, pictures=False)
    image = 'abcdef0000000000'
    edit(tmp_path, kind='machine', rows=[(image, 'machine', mid(0), c) for c in (0.5, 0.9, 0.6)])
    verdicts = {0: [1, 0, 0], 1: [1, 0], 2: [0, 1, 1], 3: [0]}
    rows = [(image, 'verification', mid(k), v) for k, vs in verdicts.items() for v in vs]
    edit(tmp_path, rows=rows)
    index = prepare(find_release(tmp_path / 'release'), tmp_path / 'index')['validation']
    i = index.image_ids.row(image)
    assert index.noisy.row(i)[1].tolist() == [np.float32(0.9)]
    assert index.verdicts.row(i)[1].tolist() == [False, True, True, False]
    assert [file['dropped'] for file in index.info['files']] == [
        {'given more than once': 2},
        {'given more than once': 5},
    ]
    assert '5 given more than once' in account_table({'validation': index})


def test_rows_of_unlisted_images_and_classes_are_counted(tmp_path):
    written = write_release(tmp_path / 'release', pictures=False)
    listed = [*written['train'], 'aaaaaaaaaaaaaaaa']
    write_csv(
        tmp_path / 'release/train-images.csv', [('ImageID',), *[(image,) for image in listed]]
    )
    rows = [('bbbbbbbbbbbbbbbb', 'machine', mid(0), 1), (listed[0], 'machine', '/m/none', 1)]
    edit(tmp_path, 'train', 'machine', rows)
    index = prepare(find_release(tmp_path / 'release'), tmp_path / 'index')['train']
    assert len(index) == len(listed)
    images, file = index.info['files']
    assert images['rows'] == images['kept'] == len(listed)
    assert file['dropped'] == {
        'class outside the class list': 1,
        'image outside the image list': 1,
    }
    assert file['rows'] == file['kept'] + 2
    table = account_table({'train': index})
    assert "1 class outside the class list (first: '/m/none' in line" in table
    assert 'give a class list that has them by --classes' in table


def test_names_and_categories(tmp_path):
    write_release(tmp_path / 'release', num_classes=3, pictures=False)
    write_csv(tmp_path / 'release/class-descriptions.csv', [(mid(1), 'Cat'), ('/m/x', 'Other')])
    rows = [('LabelName', 'Category'), (mid(0), 'pet'), (mid(0), 'animal'), ('/m/x', 'animal')]
    write_csv(tmp_path / 'groups.csv', rows)
    release = find_release(tmp_path / 'release')
    release = release._replace(categories=ReleaseFile(tmp_path / 'groups.csv'))
    indexes = prepare(release, tmp_path / 'index')
    assert indexes['test'].info['class_names'] == [mid(0), 'Cat', mid(2)]
    assert indexes['test'].info['class_categories'] == [['pet', 'animal'], ['others'], ['others']]


def test_an_image_in_two_subsets_is_refused(tmp_path):
    written = write_release(tmp_path / 'release', pictures=False)
    image = next(iter(written['test']))
    edit(tmp_path, 'train', 'machine', [(image, 'machine', mid(0), 1)])
    with pytest.raises(InputError, match=f'train and test: both have 1 image.*{image}'):
        prepare(find_release(tmp_path / 'release'), tmp_path / 'index')
    assert not (tmp_path / 'index').exists()


def test_missing_files_and_empty_verdicts(tmp_path):
    with pytest.raises(InputError, match='there is no such folder'):
        prepare(find_release(tmp_path / 'nowhere'), tmp_path / 'index')
    write_release(tmp_path / 'release', pictures=False)
    path = edit(tmp_path)
    write_csv(path, [HEADER])
    with pytest.raises(InputError, match='has no row'):
        prepare(find_release(tmp_path / 'release'), tmp_path / 'index')
    (tmp_path / 'release/annotations/classes.txt').unlink()
    with pytest.raises(InputError, match='there is no class list; name one with --classes'):
        prepare(find_release(tmp_path / 'release'), tmp_path / 'index')
    path.unlink()
    with pytest.raises(InputError, match=r'validation-annotations-human-imagelabels\.csv is nei'):
        find_release(tmp_path / 'release')
    assert not list(tmp_path.glob('*index*'))


def test_an_index_is_replaced_and_anything_else_is_not(tmp_path):
    out = tmp_path / 'index'
    write_release(tmp_path / 'release', num_images=3, pictures=False)
    prepare(find_release(tmp_path / 'release'), out)
    shutil.rmtree(tmp_path / 'release')
    write_release(tmp_path / 'release', num_images=5, pictures=False)
    prepare(find_release(tmp_path / 'release'), out)
    assert len(LabelIndex.open(out / 'train')) == 5
    (out / 'thesis.tex').write_text('years of work')
    with pytest.raises(InputError, match=r'holds thesis\.tex, which is no part'):
        prepare(find_release(tmp_path / 'release'), out)
    assert (out / 'thesis.tex').exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ['index', 'release']


def test_a_full_disk_leaves_the_old_index(tmp_path, monkeypatch):
    write_release(tmp_path / 'release', num_images=3, pictures=False)
    prepare(find_release(tmp_path / 'release'), tmp_path / 'index')
    before = {path: path.read_bytes() for path in (tmp_path / 'index').rglob('*.*')}
    shutil.rmtree(tmp_path / 'release')
    write_release(tmp_path / 'release', num_images=9, pictures=False)
    saved = []

    def save(*args, once=np.save, **kwargs):
        saved.append(args)
        if len(saved) == 10:
            raise OSError(errno.ENOSPC, 'No space left on device')
        once(*args, **kwargs)

    monkeypatch.setattr(np, 'save', save)
    with pytest.raises(InputError, match=r'index: cannot be written \(No space left on device\)'):
        prepare(find_release(tmp_path / 'release'), tmp_path / 'index')
    assert {path: path.read_bytes() for path in (tmp_path / 'index').rglob('*.*')} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ['index', 'release']


def test_extra_verdicts_move_images_to_v_and_outweigh_older_ones(tmp_path):
    root = tmp_path / 'release'
    written = write_release(root, num_images=20, pictures=False)
    (a, (noisy_a, _, _)), (b, (noisy_b, _, _)) = list(written['train'].items())[:2]
    v = next(key for key, (_, present, absent) in written['validation'].items() if present)
    noisy_v, present_v, absent_v = written['validation'][v]
    changed = min(present_v)
    test = next(iter(written['test']))
    rows = [(a, 'verification', mid(k), 0) for k in noisy_a]
    rows += [(b, 'verification', mid(min(noisy_b)), 1), (b, 'verification', mid(5), '')]
    rows += [(v, 'verification', mid(changed), 0), (test, 'verification', mid(0), 1)]
    write_csv(tmp_path / 'extra.csv', [HEADER, *rows])
    indexes = prepare(
        find_release(root), tmp_path / 'index', extra_human=ReleaseFile(tmp_path / 'extra.csv')
    )
    expected = dict(written['validation'])
    expected[a] = (noisy_a, set(), noisy_a)
    expected[b] = (noisy_b, {min(noisy_b)}, set())
    expected[v] = (noisy_v, present_v - {changed}, absent_v | {changed})
    assert content(indexes['validation']) == expected
    assert {*content(indexes['train'])} == {*written['train']} - {a, b}
    assert content(indexes['test']) == written['test']
    account = indexes['validation'].info['files'][-1]
    assert account['rows'] == account['kept'] + 2 == len(rows)


def test_an_extra_file_without_a_verdict_of_use_is_refused(tmp_path):
    root = tmp_path / 'release'
    written = write_release(root, pictures=False)
    extra = ReleaseFile(tmp_path / 'extra.csv')
    for rows, message in (
        ([(next(iter(written['train'])), 'verification', mid(0), '')], 'none of its 1 row can be'),
        ([(next(iter(written['test'])), 'verification', mid(0), 1)], 'is on an image of train or'),
    ):
        write_csv(extra.path, [HEADER, *rows])
        with pytest.raises(InputError, match=message):
            prepare(find_release(root), tmp_path / 'index', extra_human=extra)


def rewrite_verdicts(root, change, subsets=('validation', 'test')):
    for subset in subsets:
        path = root / f'annotations/{subset}-annotations-human-imagelabels.csv'
        with open(path, newline='') as file:
            header, *rows = csv.reader(file)
        write_csv(path, [header, *filter(None, map(change, rows))])


def test_verdicts_of_1_and_minus_1_are_told_and_mean_the_same(tmp_path):
    write_release(tmp_path, pictures=False)
    expected = prepare(find_release(tmp_path), tmp_path / 'index')
    assert 'coded' not in account_table(expected)
    rewrite_verdicts(tmp_path, lambda row: [*row[:3], {'0': '-1'}.get(row[3], row[3])])
    found = prepare(find_release(tmp_path), tmp_path / 'index')
    assert account_table(found).count('coded 1/-1: 1 is present, -1 absent') == 2
    for subset in SUBSETS:
        assert content(found[subset]) == content(expected[subset])


def test_verdicts_of_one_kind_are_warned_about(tmp_path):
    write_release(tmp_path, pictures=False)
    rewrite_verdicts(tmp_path, lambda row: row if row[3] == '1' else None)
    told = account_table(prepare(find_release(tmp_path), tmp_path / 'index'))
    assert told.count('verdicts say present, so every score on them gives an AP of 100') == 2
    whole = prepare(find_release(tmp_path), tmp_path / 'index', complete_verdicts=True)
    assert 'WARNING' not in account_table(whole)


def test_the_share_of_images_without_a_label_is_told(tmp_path):
    written = write_release(tmp_path, pictures=False)
    ids = [*written['train'], f'{1:016x}', f'{2:016x}']
    write_csv(tmp_path / 'annotations/train-images.csv', [('ImageID',), *((i,) for i in ids)])
    told = account_table(prepare(find_release(tmp_path), tmp_path / 'index'))
    assert '2 of the images (20.0%) have no machine label: in training' in told


def test_an_image_list_of_other_images_is_refused(tmp_path):
    write_release(tmp_path, pictures=False)
    write_csv(tmp_path / 'annotations/train-images.csv', [('ImageID',), (f'{1:016x}',)])
    with pytest.raises(InputError, match=r'is of one of the 1 image of .*train-images\.csv'):
        prepare(find_release(tmp_path), tmp_path / 'index')
