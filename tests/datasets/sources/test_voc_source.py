"""PASCAL VOC by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from label_tables import read, table_of, triples

from mmnoisy.datasets.release.csv_blocks import NO_VERDICT
from mmnoisy.datasets.sources.base import Options, find_source
from mmnoisy.datasets.sources.voc import DIFFICULT, Voc
from mmnoisy.errors import InputError

OBJECT = (
    '<object><name>{}</name><part><name>head</name></part><bndbox><xmin>1</xmin></bndbox></object>'
)
XML = '<annotation>\n<folder>x</folder>{}{}</annotation>\n'


def document(filename, *names):
    name = f'<filename>{filename}</filename>' if filename else ''
    return XML.format(name, ''.join(map(OBJECT.format, names)))


@pytest.fixture
def make(tmp_path):
    def make(**files):
        for name, text in files.items():
            path = tmp_path / 'VOC' / name.replace('__', '/')
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, 'utf-8')
        (tmp_path / 'VOC' / 'JPEGImages').mkdir(parents=True, exist_ok=True)
        (tmp_path / 'VOC' / 'JPEGImages' / '1.jpg').touch()
        return tmp_path / 'VOC'

    return make


def annotations(make):
    files = {
        'Annotations__1.xml': document('1.jpg', 'cat', 'dog', 'cat'),
        'Annotations__2.xml': document('', ' potted plant '),
        'Annotations__é__3.xml': document('a b.png'),
    }
    return make(**files)


def test_objects(make):
    folder = annotations(make)
    for path in (folder, folder / 'Annotations'):
        assert isinstance(find_source(str(path), Options()), Voc)
        table = read(Voc, path)
        assert triples(table) == {
            ('1.jpg', 'cat', 1),
            ('1.jpg', 'dog', 1),
            ('2', 'potted plant', 1),
        }
        assert table.images == ['1.jpg', '2', 'é/a b.png']
        assert triples(read(Voc, path, 'verified')) == triples(table)


def test_lists_are_verdicts(make):
    annotations(make)
    folder = make(
        ImageSets__Main__train='1\n2\n',
        **{
            'ImageSets/Main/cat_train.txt': '1 -1\n2  1\n',
            'ImageSets/Main/cat_trainval.txt': '1 -1\n2  1\n3  0\n4  1\r\n',
            'ImageSets/Main/potted plant_val.txt': 'a b  1\n2 x\n',
            'ImageSets/Main/train.txt': '1\n2\n',
        },
    )
    assert Voc.recognises(str(folder))
    table = read(Voc, folder, 'verified')
    assert triples(table) == {
        ('1', 'cat', 0), ('2', 'cat', 1), ('4', 'cat', 1), ('a b', 'potted plant', 1),
    }  # fmt: skip
    assert table.account.dropped == {DIFFICULT: 1, NO_VERDICT: 1}
    assert table.account.examples[NO_VERDICT] == "'x' for potted plant of 2"
    assert ('1.jpg', 'cat', 1) in triples(read(Voc, folder))  # the objects


def test_lists_alone(make):
    folder = make(**{'ImageSets/Main/cat_train.txt': '1 -1\n2  1\n'})
    table = read(Voc, folder)
    assert (table.images, triples(table)) == (['1', '2'], {('2', 'cat', 1)})


@pytest.mark.parametrize(
    ('name', 'text', 'sentence'),
    [
        ('Annotations/1.xml', document('1.jpg', 'cat')[:-20], r'1.xml: is no whole XML file'),
        ('Annotations/1.xml', '<html></html>', r"1.xml: is no annotation of PASCAL VOC but 'html'"),
        ('Annotations/1.xml', '<!DOCTYPE a><annotation/>', r'1.xml: holds a DOCTYPE'),
        (
            'ImageSets/Main/cat_train.txt',
            '1 1\n2\n',
            r"cat_train.txt: line 2 has no number behind '2'",
        ),
        ('ImageSets/Main/cat_train.txt', '1 0\n', r'VOC: holds no image; 1 x difficult'),
    ],
)
def test_what_cannot_be_read(make, name, text, sentence):
    with pytest.raises(InputError, match=sentence):
        read(Voc, make(**{name: text}))


@given(st.data())
def test_damage_ends_in_a_sentence(tmp_path_factory, data):
    whole = bytearray(document('é.jpg', 'cat', 'dog').encode())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place] = data.draw(st.sampled_from(b'"<>/&;\xff\n '))
    folder = tmp_path_factory.mktemp('voc')
    (folder / 'a.xml').write_bytes(whole)
    try:
        triples(read(Voc, folder))
    except InputError as error:
        assert 'a.xml: ' in str(error)


def test_other_folders_and_writing(make, tmp_path):
    (tmp_path / 'other').mkdir()
    (tmp_path / 'other' / 'a.xml').write_text('<annotations></annotations>')
    assert not Voc.recognises(str(make()))
    assert not Voc.recognises(str(tmp_path / 'missing'))
    with pytest.raises(InputError, match='whose objects have boxes; name another format'):
        Voc().write(table_of(['a'], ['b'], []), 'out', 'noisy')
