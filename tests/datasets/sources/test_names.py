import posixpath
from collections import Counter
from unicodedata import normalize

from hypothesis import given, settings
from hypothesis import strategies as st

from mmnoisy.datasets.sources.names import NONE, SEVERAL, list_pictures, match
from mmnoisy.io.texts import Texts

PATHS = ['IMG_1.JPG', 'cats/1.jpg', 'cats/photo 12, b.JPG', 'dogs/1.jpg', 'dogs/a.b.c.png', 'é.jpg']


def found(*names, paths=PATHS, pictures=None):
    some = None if pictures is None else Texts.of(sorted(pictures))
    rows = match(names, Texts.of(sorted(paths)), some).tolist()
    return [sorted(paths)[row] if row >= 0 else row for row in rows]


def test_paths_below_the_folder():
    assert found(*PATHS, 'gone.jpg') == [*PATHS, NONE]
    assert found('./cats/1.jpg', 'cats\\1.jpg', '/cats/1.jpg') == ['cats/1.jpg'] * 3


def test_a_prefix_that_all_names_share():
    assert found('photos/cats/1.jpg', 'photos/IMG_1.JPG') == ['cats/1.jpg', 'IMG_1.JPG']
    assert found('s3://bucket/x/cats/1.jpg', 's3://bucket/x/dogs/1.jpg') == [
        'cats/1.jpg',
        'dogs/1.jpg',
    ]
    assert found('http://h/cats/photo%2012%2C%20b.JPG?sig=1', 'http://h/x') == [
        'cats/photo 12, b.JPG',
        NONE,
    ]
    # Another folder is no prefix that all share.
    assert found('birds/IMG_1.JPG', 'cats/1.jpg') == [NONE, 'cats/1.jpg']


def test_a_bare_name_lies_anywhere_but_once():
    assert found('photo 12, b.JPG', '1.jpg', 'a.b.c.png') == [
        'cats/photo 12, b.JPG',
        SEVERAL,
        'dogs/a.b.c.png',
    ]


def test_names_without_their_ending():
    assert found('IMG_1', 'cats/1', '1', 'a.b.c', 'a.b') == [
        'IMG_1.JPG',
        'cats/1.jpg',
        SEVERAL,
        'dogs/a.b.c.png',
        NONE,
    ]


def test_other_letters_where_nothing_else_fits():
    assert found('img_1.jpg', 'CATS/1.JPG', 'É.JPG') == ['IMG_1.JPG', 'cats/1.jpg', 'é.jpg']
    assert found('a.jpg', 'A.JPG', paths=['A.jpg', 'a.JPG']) == [SEVERAL, SEVERAL]
    assert found('a.jpg', paths=['A.jpg', 'a.jpg']) == ['a.jpg']


def test_an_accent_in_one_character_or_in_two():
    composed, apart = (normalize(form, 'é1.jpg') for form in ('NFC', 'NFD'))
    assert composed != apart
    assert found(composed, paths=[apart]) == [apart]
    assert found(apart, composed.upper(), paths=[composed]) == [composed] * 2
    assert found(composed, apart, paths=['a/' + apart]) == ['a/' + apart] * 2
    assert found(composed, apart, paths=[composed, apart]) == [composed, apart]


def test_a_picture_comes_before_what_lies_beside_it():
    paths = ['1.jpg', '1.json', '1.txt', '2.txt', 'photos/3.jpg', '3.txt', '4', '4.jpg', '5.xml']
    pictures = [path for path in paths if path.endswith('.jpg')]
    assert found('1', '2', '3', '4', '5.xml', '1.txt', paths=paths, pictures=pictures) == [
        '1.jpg',
        '2.txt',
        'photos/3.jpg',
        '4',
        '5.xml',
        '1.txt',
    ]
    assert found('1', paths=['1.jpg', '1.png', '1.txt'], pictures=['1.jpg', '1.png']) == [SEVERAL]


@given(st.sets(st.text(st.characters(exclude_categories=['Cs']), min_size=1), min_size=1))
def test_any_path_is_found_by_itself(paths):
    assert found(*paths, paths=[*paths]) == [*paths]


PARTS = [
    'a',
    'A',
    'b',
    'é',
    'É',
    'e\u0301',
    'ß',
    'ss',
    '.',
    '..',
    'a.b',
    '.jpg',
    'a.jpg',
    'A.JPG',
    'a\n.b',
    '',
]
SOME_PATHS = st.lists(st.sampled_from(PARTS), min_size=1, max_size=4).map('/'.join)


def one_by_one(names, paths):
    """The same in plain Python, one name after the other."""
    plain = [posixpath.normpath(name).lstrip('/') if name else '' for name in names]
    shared = posixpath.commonprefix([posixpath.dirname(name) + '/' for name in plain])
    ends = [0, *(k + 1 for k, letter in enumerate(shared) if letter == '/' and k)]
    known = [sum(name[end:] in paths for name in plain) for end in ends]
    cut = ends[known.index(max(known))]

    def stem(path):
        return posixpath.splitext(path)[0]

    def last(path):
        return posixpath.basename(path)

    def fold(path):
        return normalize('NFC', path.casefold())

    def find(name, short):
        bare = '/' not in short
        for key, asked, may in (
            (str, short[cut:], True),
            (stem, short[cut:], True),
            (last, short, bare),
            (lambda path: stem(last(path)), short, bare),
            (fold, fold(short[cut:]), True),
            (lambda path: fold(last(path)), fold(short), bare),
        ):
            count = Counter(map(key, paths))[asked]
            if may and count:
                return [key(path) for path in paths].index(asked) if count == 1 else SEVERAL
        return NONE

    return [
        paths.index(name) if name in paths else find(name, short)
        for name, short in zip(names, plain)
    ]


@settings(deadline=None)
@given(st.sets(SOME_PATHS), st.lists(SOME_PATHS), st.sampled_from(['', 'x/', '/x/a/', './']))
def test_all_at_once_as_one_by_one(paths, names, prefix):
    paths, names = sorted(paths), [prefix + name for name in names]
    assert match(names, Texts.of(paths)).tolist() == one_by_one(names, paths)


def test_an_empty_folder_and_no_names():
    assert match(['a'], Texts.of([])).tolist() == [NONE]
    assert match([], Texts.of(PATHS)).tolist() == []


def test_files_of_a_folder(tmp_path):
    for name in ('b/x.JPG', 'a.txt', '.hidden/y.jpg', 'b/c/z.jpeg'):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    with open(bytes(tmp_path) + b'/b/\xe9.jpg', 'w'), open(bytes(tmp_path) + b'/\xe9', 'w'):
        pass
    every, pictures, unsaid = list_pictures(str(tmp_path), ['.jpg', '.jpeg'])
    assert every.tolist() == ['a.txt', 'b/c/z.jpeg', 'b/x.JPG']
    assert pictures.tolist() == ['b/c/z.jpeg', 'b/x.JPG']
    assert unsaid == [r'b/\udce9.jpg']
