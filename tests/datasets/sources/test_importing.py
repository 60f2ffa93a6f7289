import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmnoisy import read_labels
from mmnoisy.datasets.sources.base import LabelTable
from mmnoisy.datasets.sources.importing import Labels, add_labels, import_labels
from mmnoisy.datasets.sources.names import Listing
from mmnoisy.datasets.sources.telling import tell_pictures
from mmnoisy.errors import InputError
from mmnoisy.io.texts import Texts


def labels(path, *rows, images=(), groups=None):
    """Rows are (image, class, value)."""
    names = [*dict.fromkeys([*(row[0] for row in rows), *images])]
    classes = [*dict.fromkeys(row[1] for row in rows)]
    columns = [
        [names.index(row[0]) for row in rows],
        [classes.index(row[1]) for row in rows],
        [row[2] for row in rows],
    ]
    table = LabelTable(names, classes, *columns, layout={'format': 'csv'})
    table.account.rows = len(rows)
    if groups is not None:
        table.groups = [groups[name] for name in names]
    return Labels(path, table)


def content(index):
    """Labels and verdicts of an index, by names."""
    result = {}
    for row, name in enumerate(index.image_ids):
        noisy = {index.classes[k]: round(float(v), 4) for k, v in zip(*index.noisy.row(row))}
        verdicts = {index.classes[k]: bool(v) for k, v in zip(*index.verdicts.row(row))}
        result[name] = noisy, verdicts
    return result


NOISY = (
    ('a.jpg', 'cat', 0.9),
    ('a.jpg', 'cat', 0.3),
    ('a.jpg', 'a, b', 1),
    ('b.jpg', 'dog', 0.5),
    ('c.jpg', 'cat', 1),
    ('d.jpg', 'cat', 1),
    ('gone.jpg', 'cat', 1),
)
VERIFIED = (
    ('c.jpg', 'cat', 1),
    ('c.jpg', 'dog', 0),
    ('d.jpg', 'cat', 0),
    ('e.jpg', 'bird', 1),
    ('e.jpg', 'cat', 1),
    ('e.jpg', 'cat', 0),
)
PICTURES = Texts.of(['a.jpg', 'b.jpg', 'c.jpg', 'd.jpg', 'x/e.jpg', 'y.jpg', 'z.txt'])
FOLDER = Listing(PICTURES, PICTURES[:-1])


def imported(noisy=NOISY, verified=VERIFIED, pictures=FOLDER, **options):
    return import_labels(
        labels('tags.csv', *noisy), labels('checked.csv', *verified), pictures, **options
    )


def test_all_labels_and_verdicts_are_there_once():
    parts = imported(test_share=0.3).indexes
    assert content(parts['train']) == {
        'a.jpg': ({'cat': 0.9, 'a, b': 1}, {}),
        'b.jpg': ({'dog': 0.5}, {}),
    }
    verified = {**content(parts['validation']), **content(parts['test'])}
    assert verified == {
        'c.jpg': ({'cat': 1}, {'cat': True, 'dog': False}),
        'd.jpg': ({'cat': 1}, {'cat': False}),
        'e.jpg': ({}, {'bird': True}),
    }
    assert [len(parts[name]) for name in ('validation', 'test')] == [2, 1]
    assert parts['train'].classes == ['cat', 'a, b', 'dog', 'bird']
    for part in parts.values():
        for row, name in enumerate(part.image_ids):
            assert part.picture(row) == ('x/e.jpg' if name == 'e.jpg' else name)


def test_other_files_are_counted():
    files = Texts.of(['a.jpg', 'b', 'c.jpg', 'notes', 'x.txt'])
    pictures, named = Texts.of(['a.jpg', 'c.jpg']), Texts.of(['a.jpg', 'b'])
    assert tell_pictures(files, pictures, named) == (
        'pictures: 2 found, 2 in the files of labels, 1 in none; no pictures by their names: 2, '
        'the first: notes'
    )


def test_what_was_understood():
    made = imported()
    told = '\n'.join(made.lines)
    assert 'pictures: 6 found, 5 in the files of labels, 1 in none' in told
    assert (
        'tags.csv: 7 rows, 5 labels kept + 1 of images without a picture of this name '
        "(first: 'gone.jpg') + 1 given more than once" in told
    )
    assert 'checked.csv: 6 rows, 4 labels kept + 2 verdicts that contradict one another' in told
    assert 'classes: 4: cat (3), a, b (1), dog (1), bird (0)' in told
    for file in made.indexes['train'].info['files']:
        assert file['rows'] == file['kept'] + sum(file['dropped'].values())


def test_complete_verdicts_of_a_file_that_lists_its_classes():
    checked = labels('checked.json', ('c.jpg', 'cat', 1), ('e.jpg', 'bird', 1), images=['d.jpg'])
    checked.table.classes.append('cow')
    checked.table.lists_classes = True
    made = import_labels(labels('tags.csv', *NOISY), checked, None, complete=True)
    verdicts = {}
    for name in ('validation', 'test'):
        verdicts.update({k: v for k, (_, v) in content(made.indexes[name]).items()})
    # Nobody has looked for dogs.
    absent = dict.fromkeys(['cat', 'bird', 'cow'], False)
    assert verdicts == {
        'c.jpg': {**absent, 'cat': True},
        'd.jpg': absent,
        'e.jpg': {**absent, 'bird': True},
    }
    told = '2 labels kept, and all others of 3 classes absent in their images'
    assert told in '\n'.join(made.lines)


@pytest.mark.parametrize(
    ('name', 'text', 'listed'),
    [
        ('a.csv', 'image,cat,dog\na.jpg,1,0\n', True),
        ('a.csv', 'image,label\na.jpg,cat\n', False),
        (
            'a.json',
            '{"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": [],'
            ' "categories": [{"id": 1, "name": "cat"}]}',
            True,
        ),
        ('a.json', '{"data_list": [{"img_path": "a.jpg", "gt_label": [1]}]}', False),
    ],
)
def test_which_files_list_their_classes(tmp_path, name, text, listed):
    (tmp_path / name).write_text(text)
    assert read_labels(tmp_path / name, 'verified').lists_classes is listed


def test_complete_verdicts_say_that_all_else_is_absent():
    verified = [('c.jpg', 'cat', 1), ('e.jpg', 'bird', 1)]
    noisy = labels('tags.csv', *NOISY)
    checked = labels('checked.csv', *verified, images=['d.jpg'])
    parts = import_labels(noisy, checked, None, complete=True).indexes
    verdicts = {
        name: found
        for part in (parts['validation'], parts['test'])
        for name, (_, found) in content(part).items()
    }
    absent = dict.fromkeys(['cat', 'a, b', 'dog', 'bird'], False)
    assert verdicts == {
        'c.jpg': {**absent, 'cat': True},
        'd.jpg': absent,
        'e.jpg': {**absent, 'bird': True},
    }


def test_groups_stay_together():
    groups = {f'{k}.jpg': f'patient {k // 4}' for k in range(40)}
    noisy = [(name, 'ill', 0.5) for name in groups]
    verified = [(f'{k}.jpg', 'ill', k % 2) for k in range(20)]
    parts = import_labels(
        labels('a.csv', *noisy, groups=groups), labels('b.csv', *verified), None, test_share=0.4
    ).indexes
    of_set = {name: {groups[i] for i in part.image_ids} for name, part in parts.items()}
    assert len(parts['test']) == 8
    assert not of_set['test'] & (of_set['train'] | of_set['validation'])


@given(st.integers(2, 60), st.floats(0.01, 0.99))
def test_the_split_depends_on_the_images_alone(num, share):
    verified = [(f'{k}.jpg', 'cat', k % 2) for k in range(num)]
    noisy = [('t.jpg', 'cat', 1)]
    wanted = max(1, round(share * num))
    if wanted == num:
        with pytest.raises(InputError, match='too few to learn from some and to test on others'):
            imported(noisy, verified, None, test_share=share)
        return
    parts = imported(noisy, verified, None, test_share=share).indexes
    assert len(parts['test']) == wanted
    again = imported(noisy, verified[::-1], None, test_share=share).indexes
    assert again['test'].image_ids == parts['test'].image_ids


def test_more_verdicts():
    parts = imported(test_share=0.3).indexes
    (learned, other) = parts['validation'].image_ids.tolist()
    (tested,) = parts['test'].image_ids.tolist()
    before = content(parts['validation'])
    rows = [
        ('a.jpg', 'cat', 1),
        ('a.jpg', 'dog', 0),
        (learned, 'cat', 0),
        (tested, 'cat', 1),
        ('gone.jpg', 'cat', 1),
        ('b.jpg', 'unicorn', 1),
    ]
    more = labels('more.csv', *rows)
    added = add_labels(parts, more)
    assert content(added.indexes['train']) == {'b.jpg': ({'dog': 0.5}, {})}
    after = content(added.indexes['validation'])
    assert after['a.jpg'] == ({'cat': 0.9, 'a, b': 1}, {'cat': True, 'dog': False})
    assert after[learned] == (before[learned][0], {**before[learned][1], 'cat': False})
    assert after[other] == before[other]
    assert content(added.indexes['test']) == content(parts['test'])
    assert 'verdicts on 1 image of T, from now on of V, and on 1 of V' in added.lines
    assert sum(more.table.account.dropped.values()) == 3
    for row, name in enumerate(added.indexes['validation'].image_ids):
        assert added.indexes['validation'].picture(row).endswith(name)
    with pytest.raises(InputError, match=r'none of its verdicts is on an image of T or V \(1'):
        add_labels(parts, labels('more.csv', ('gone.jpg', 'cat', 1)))


def test_more_verdicts_name_images_as_any_file_did():
    pictures = Texts.of(['a.jpg', 'b.jpg', 'c.jpg', 'd.jpg', 'x/e.jpg', 'y/e.jpg'])
    noisy = [(name, 'cat', 1) for name in ('a', 'b', 'x/e', 'y/e')]
    verified = labels('checked.csv', ('c.jpg', 'cat', 1), ('d.jpg', 'cat', 0))
    parts = import_labels(labels('tags.csv', *noisy), verified, Listing(pictures, pictures)).indexes
    more = labels('more.csv', ('a.jpg', 'cat', 0), ('x/e.jpg', 'cat', 1), ('e.jpg', 'cat', 1))
    added = add_labels(parts, more).indexes
    assert [*added['train'].image_ids] == ['b', 'y/e']
    assert content(added['validation'])['a'] == ({'cat': 1}, {'cat': False})
    assert content(added['validation'])['x/e'] == ({'cat': 1}, {'cat': True})
    assert sum(more.table.account.dropped.values()) == 1


def test_more_verdicts_leave_something_in_t():
    names = ('a.jpg', 'b.jpg')
    parts = imported(noisy=[(name, 'cat', 1) for name in names]).indexes
    with pytest.raises(InputError, match=r'more.csv: with it no noisy label is left'):
        add_labels(parts, labels('more.csv', *((name, 'cat', 1) for name in names)))


def test_refusals_and_warnings():
    with pytest.raises(InputError, match='--test-share 1: give a share between 0 and 1'):
        imported(test_share=1)
    with pytest.raises(InputError, match=r"a\.csv: no noisy label is left .*\(1 .*'q.jpg'"):
        import_labels(
            labels('a.csv', ('q.jpg', 'cat', 1)),
            labels('checked.csv', *VERIFIED),
            Listing(PICTURES, PICTURES),
        )
    with pytest.raises(InputError, match='has 1 verified image, too few'):
        imported(verified=[('c.jpg', 'cat', 1)])
    (warning,) = imported(verified=[('c.jpg', 'cat', 1), ('d.jpg', 'cat', 1)]).warnings
    assert 'no label is verified absent' in warning and '--complete' in warning
    (_, warning) = imported(verified=[('c.jpg', 'Cat', 0), ('d.jpg', 'Cat', 0)]).warnings
    assert warning == "'cat' and 'Cat' are 2 classes; write them alike to make one"
