"""Each shape of a table by an example worked by hand, for noisy labels and for verdicts."""

import fsspec
import numpy as np
import pytest
from made_tables import read, read_text, said

from mmnoisy import InputError
from mmnoisy.datasets.release.csv_blocks import NO_CONFIDENCE
from mmnoisy.datasets.sources.base import SOURCES
from mmnoisy.datasets.sources.describing import describe

A_CAT, A_DOG, B_DOG = ('a.jpg', 'cat', 1), ('a.jpg', 'dog', 1), ('b.jpg', 'dog', 1)
PLAIN = [A_CAT, A_DOG, B_DOG]

# Text, what it says, and how it is described.
NOISY = [
    (
        'path,label\na.jpg,cat\na.jpg,dog\nb.jpg,dog\nc.jpg,\n',
        PLAIN,
        "CSV, ',' between columns, image in 'path', label in 'label'",
    ),
    (
        'a.jpg;cat\r\na.jpg;dog\r\nb.jpg;dog\r\nc.jpg;\r\n',
        PLAIN,
        "CSV, ';' between columns, no header, image in column 1, label in column 2",
    ),
    (
        'cat\ta.jpg\ndog\ta.jpg\ndog\tb.jpg\n\tc.jpg\n',
        PLAIN,
        "CSV, 'tab' between columns, no header, image in column 2, label in column 1",
    ),
    (
        'LabelName,ImageID,Confidence\ncat,a.jpg,1\ndog,a.jpg,0.5\ndog,b.jpg,1e-1\n,c.jpg,\n',
        [A_CAT, ('a.jpg', 'dog', 0.5), ('b.jpg', 'dog', 0.1)],
        "CSV, ',' between columns, image in 'ImageID', label in 'LabelName', score in 'Confidence'",
    ),
    (
        'a.jpg;cat;1\na.jpg;dog;0,5\nb.jpg;dog;0,25\nc.jpg;;\n',
        [A_CAT, ('a.jpg', 'dog', 0.5), ('b.jpg', 'dog', 0.25)],
        "CSV, ';' between columns, no header, image in column 1, label in column 2, "
        'score in column 3',
    ),
    (
        'image,tags\na.jpg,cat;dog\nb.jpg,dog\nc.jpg,\n',
        PLAIN,
        "CSV, ',' between columns, image in 'image', labels in 'tags' separated by ';'",
    ),
    (
        'path;tags;scores\na.jpg;cat|dog;1|.5\nb.jpg;dog;.25\nc.jpg;;\n',
        [A_CAT, ('a.jpg', 'dog', 0.5), ('b.jpg', 'dog', 0.25)],
        "CSV, ';' between columns, image in 'path', labels in 'tags' separated by '|', "
        "scores in 'scores'",
    ),
    (
        'image,tags\na.jpg,cat dog\nb.jpg,dog\nd.jpg,cat\ne.jpg,dog cat\nc.jpg,\n',
        [A_CAT, A_DOG, B_DOG, ('d.jpg', 'cat', 1), ('e.jpg', 'dog', 1), ('e.jpg', 'cat', 1)],
        "CSV, ',' between columns, image in 'image', labels in 'tags' separated by 'space'",
    ),
    (
        'image,labels\na.jpg,"cat, dog"\nb.jpg,dog\nc.jpg,\n',
        PLAIN,
        "CSV, ',' between columns, image in 'image', labels in 'labels' separated by ','",
    ),
    (
        'image,labels,scores\na.jpg,"[""cat"", ""dog""]","[1, 0.5]"\nb.jpg,"[""dog""]",[0.25]\n'
        'c.jpg,[],[]\n',
        [A_CAT, ('a.jpg', 'dog', 0.5), ('b.jpg', 'dog', 0.25)],
        "CSV, ',' between columns, image in 'image', labels in 'labels' in JSON lists, "
        "scores in 'scores'",
    ),
    (
        'file,cat,dog\na.jpg,1,1\nb.jpg,0,1\nc.jpg,,\n',
        PLAIN,
        "CSV, ',' between columns, image in 'file', a column a class",
    ),
    (
        'filename, cat, dog\na.jpg, 1, 1\nb.jpg, 0, 1\nc.jpg, 0, 0\n',
        PLAIN,
        "CSV, ',' between columns, image in 'filename', a column a class",
    ),
    (
        'split,file,cat,dog\ntrain,a.jpg,.75,.5\ntest,b.jpg,0,.25\ntest,c.jpg,0,0\n',
        [('a.jpg', 'cat', 0.75), ('a.jpg', 'dog', 0.5), ('b.jpg', 'dog', 0.25)],
        "CSV, ',' between columns, image in 'file', a column a class, not used: 'split'",
    ),
    (
        'UNASSIGNED,a.jpg,cat,dog\nTRAIN,b.jpg,dog\nTEST,c.jpg\n',
        PLAIN,
        "Google's CSV",
    ),
    (
        '{"image": "a.jpg", "label": "cat"}\n{"image": "a.jpg", "label": "dog"}\n'
        '{"image": "b.jpg", "label": "dog"}\n{"image": "c.jpg"}\n',
        PLAIN,
        "JSON Lines, image in 'image', label in 'label'",
    ),
    (
        '{"uri": "a.jpg", "tags": ["cat", "dog"], "confidence": [1, 0.5]}\n'
        '{"uri": "b.jpg", "tags": ["dog"], "confidence": [0.25]}\n\n'
        '{"uri": "c.jpg", "tags": []}\n',
        [A_CAT, ('a.jpg', 'dog', 0.5), ('b.jpg', 'dog', 0.25)],
        "JSON Lines, image in 'uri', labels in 'tags' in lists, scores in 'confidence'",
    ),
    (
        '{"image": "a.jpg", "labels": {"cat": 1, "dog": 0.5}}\n'
        '{"image": "b.jpg", "labels": {"dog": 0.25}}\n{"image": "c.jpg", "labels": {}}\n',
        [A_CAT, ('a.jpg', 'dog', 0.5), ('b.jpg', 'dog', 0.25)],
        "JSON Lines, image in 'image', labels in 'labels' in maps to scores",
    ),
]


@pytest.mark.parametrize(('text', 'labels', 'words'), NOISY)
def test_noisy_labels(tmp_path, text, labels, words):
    table = read_text(tmp_path, text, name='labels')
    assert said(table) == labels
    assert describe(table.layout) == words
    assert table.images[:3] == ['a.jpg', 'b.jpg', 'd.jpg' if len(table.images) > 3 else 'c.jpg']
    assert table.images[-1] == 'c.jpg'
    assert table.account.rows == len(labels) + 1
    assert not table.account.dropped


VERDICTS = [
    ('path,label,verdict\na.jpg,cat,1\na.jpg,dog,0\nb.jpg,dog,\n', ['1', '0']),
    ('a.jpg,cat,yes\na.jpg,dog,no\nb.jpg,dog,\n', ['yes', 'no']),
    ('path,label,correct\na.jpg,cat,TRUE\na.jpg,dog,FALSE\nb.jpg,dog,\n', ['TRUE', 'FALSE']),
    ('path;label;value\na.jpg;cat;1\na.jpg;dog;-1\nb.jpg;dog;\n', ['1', '-1']),
    ('ImageID,LabelName,Confidence\na.jpg,cat,1.0\na.jpg,dog,0.0\nb.jpg,dog,\n', ['1.0', '0.0']),
    ('file,cat,dog\na.jpg,1,0\nb.jpg,,\n', ['1', '0']),
    ('file,cat,dog\na.jpg,1,-1\nb.jpg,,\n', ['1', '-1']),
    (
        '{"image": "a.jpg", "label": "cat", "verdict": true}\n'
        '{"image": "a.jpg", "label": "dog", "verdict": false}\n{"image": "b.jpg"}\n',
        ['true', 'false'],
    ),
    (
        '{"image": "a.jpg", "labels": ["cat", "dog"], "verdicts": [1, 0]}\n{"image": "b.jpg"}\n',
        ['1', '0'],
    ),
]


@pytest.mark.parametrize(('text', 'words'), VERDICTS)
def test_verdicts(tmp_path, text, words):
    table = read_text(tmp_path, text, 'verified', name='labels')
    assert said(table) == [('a.jpg', 'cat', 1), ('a.jpg', 'dog', 0)]
    assert table.images == ['a.jpg', 'b.jpg']
    assert table.layout['words'] == words
    assert table.account.rows == 3
    assert sum(table.account.dropped.values()) == ('b.jpg,dog,' in text or 'b.jpg;dog;' in text)


def test_two_columns_of_verdicts_say_what_is_present(tmp_path):
    table = read_text(tmp_path, 'image,label\na.jpg,cat\nb.jpg,dog\n', 'verified')
    assert said(table) == [('a.jpg', 'cat', 1), ('b.jpg', 'dog', 1)]


@pytest.mark.parametrize(('name', 'cell'), [('seen', '1'), ('confidence', '0.9')])
def test_verdicts_are_not_passed_over(tmp_path, name, cell):
    text = f'image,label,{name}\na.jpg,cat,{cell}\na.jpg,dog,{cell}\n'
    with pytest.raises(InputError, match=f'{name!r} could hold the verdicts, such as {cell!r}'):
        read_text(tmp_path, text, 'verified')
    table = read_text(tmp_path, text, 'verified', score_column='none')
    assert said(table) == [('a.jpg', 'cat', 1), ('a.jpg', 'dog', 1)]


def test_what_is_given_wins(tmp_path):
    text = 'label;picture;who;p\n0.5;x;a|b;1\n0.25;y;b;0\n'
    table = read_text(
        tmp_path,
        text,
        **dict(sep='semicolon', list_sep='pipe', image_column='picture', label_column='WHO'),
        **dict(group_column='p', score_column='none'),
    )
    assert said(table) == [('x', 'a', 1), ('x', 'b', 1), ('y', 'b', 1)]
    assert table.groups == ['1', '0']
    one = read_text(
        tmp_path,
        text,
        list_sep='none',
        image_column='picture',
        label_column='who',
        score_column='none',
    )
    assert one.classes == ['a|b', 'b']
    scored = read_text(tmp_path, text, image_column='2', label_column='3', score_column='1')
    assert scored.account.dropped[NO_CONFIDENCE] == 1  # of the header, which is a row here
    assert said(scored) == [('y', 'b', 0.25)]


def test_a_column_a_class_may_be_asked_for(tmp_path):
    text = 'image,label,cat\na.jpg,1,0\nb.jpg,0,1\n'
    table = read_text(tmp_path, text, label_column='*')
    assert said(table) == [('a.jpg', 'label', 1), ('b.jpg', 'cat', 1)]
    table = read_text(tmp_path, text, label_column='label')
    assert said(table) == [('a.jpg', '1', 1), ('b.jpg', '0', 1)]


def test_names_are_kept_byte_for_byte(tmp_path):
    names = ['a b,c.tar.jpg', 'e\u0301.jpg', '\u00e9.jpg', '日本/ 1.jpg', 'line\nend.jpg', '007']
    rows = ''.join(f'"{name}",007\n' for name in names)
    table = read_text(tmp_path, f'\ufeffimage,label\n{rows}')
    assert table.images == names
    assert table.classes == ['007']


def test_formulas_that_were_marked_are_as_before(tmp_path):
    table = read_text(tmp_path, "image,label\n'=1+1.jpg,'-cat\n=2.jpg,'tis\n'=1+1.jpg,'-cat\n")
    assert table.images == ['=1+1.jpg', '=2.jpg']
    assert table.classes == ['-cat', "'tis"]
    assert table.account.dropped == {'label given twice': 1}


def test_quotes_after_spaces(tmp_path):
    table = read_text(tmp_path, 'image, labels\na.jpg, "cat, dog"\nb.jpg, "dog"\n')
    assert said(table) == PLAIN


def test_other_addresses(tmp_path):
    with fsspec.open('memory://labels.csv', 'w') as file:
        file.write('image,label\na.jpg,cat\n')
    assert said(read('memory://labels.csv')) == [A_CAT]
    table = read('memory://labels.csv')
    SOURCES['parquet']().write(table, str(tmp_path / 'a'), 'noisy')
    with fsspec.open('memory://a.parquet', 'wb') as file:
        file.write((tmp_path / 'a').read_bytes())
    assert said(read('memory://a.parquet')) == [A_CAT]


def test_a_large_table_is_what_it_is_row_by_row(tmp_path):
    rng = np.random.default_rng(0)
    rows = [
        (f'dir {k % 7}/{k % 499}.jpg', f'class {rng.integers(30)}', f'{rng.random():.4f}')
        for k in range(20_000)
    ]
    slow = {}
    for image, label, score in rows:
        key = image, label
        slow[key] = max(slow.get(key, 0), np.float32(score))
    text = 'image,label,score\n' + ''.join(','.join(row) + '\n' for row in rows)
    table = read_text(tmp_path, text)
    found = {
        (table.images[i], table.classes[c]): v
        for i, c, v in zip(table.image, table.label, table.value)
    }
    assert found == slow
    assert table.images == list(dict.fromkeys(row[0] for row in rows))
    assert table.classes == list(dict.fromkeys(row[1] for row in rows))
    assert table.account.dropped == {'label given twice': len(rows) - len(slow)}
