"""Labels that are written in a format of an annotation tool and read again are the same."""

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_tables import read, table_of, triples

from mmnoisy.datasets.sources.base import SOURCES, Options, find_source
from mmnoisy.datasets.sources.coco import Coco
from mmnoisy.datasets.sources.cvat import Cvat
from mmnoisy.datasets.sources.fiftyone import FiftyOne
from mmnoisy.datasets.sources.hugging_face import HuggingFace
from mmnoisy.datasets.sources.label_studio import LabelStudio
from mmnoisy.datasets.sources.label_studio_min import LabelStudioMin
from mmnoisy.datasets.sources.mmpretrain import MMPretrain
from mmnoisy.errors import InputError

# Without what no file system and no XML has, a NUL and other control characters.
TEXTS = st.text(
    st.characters(blacklist_categories=['Cs', 'Cn'], blacklist_characters='\ufffe\uffff').filter(
        lambda c: c >= ' ' or c in '\t\r\n'
    ),
    min_size=1,
    max_size=12,
)
NAMES = st.one_of(
    TEXTS,
    st.sampled_from(
        [
            *[
                'a.b.jpg',
                'cats/photo 12.JPG',
                'no ending',
                'é.png',
                'e\u0301.png',
                '{"choices": ["a"]}',
            ],
            *[
                '["a"]',
                'a,b;c|d',
                "'=1+1",
                '/data/upload/3/0a1b2c3d-cat.jpg',
                '猫',
                ' blanks ',
                '12',
            ],
            *['null', 'a"b', "a'b", '<&>', 'a%20b+c', '-1', 'C:\\cats\\1.jpg', 'http://a/b?d=1#2'],
        ]
    ),
)
FORMS = [
    (Coco, 'labels.json', {}),
    (Cvat, 'annotations.xml', {}),
    (FiftyOne, 'export', {'form': 'labels'}),
    (FiftyOne, 'export', {}),
    (FiftyOne, 'samples.json', {}),
    (LabelStudio, 'tasks.json', {}),
    (LabelStudio, 'tasks.json', {'addresses': 'plain', 'image_column': 'photo'}),
    (LabelStudioMin, 'tasks.json', {}),
    (LabelStudioMin, 'tasks.csv', {'addresses': 'plain'}),
    (LabelStudioMin, 'tasks.tsv', {'sep': '\t'}),
    (MMPretrain, 'train.json', {}),
    (MMPretrain, 'train.json', {'single': True}),
    (HuggingFace, 'photos', {}),
    (HuggingFace, 'photos', {'form': 'csv', 'single': True, 'label_column': 'label'}),
    (HuggingFace, 'metadata.parquet', {}),
    (HuggingFace, 'metadata.parquet', {'single': True, 'label_column': 'label'}),
]
OURS = [*{source.name: None for source, _, _ in FORMS}, 'folders', 'voc', 'image_list']
IDS = [f'{source.name}-{path}-{"-".join(layout)}' for source, path, layout in FORMS]


def test_all_that_is_written_is_tested():
    """Tables in test_table_round_trips, lists of pictures in test_image_list_source."""
    others = {'csv', 'jsonl', 'parquet', 'google', 'image_list'}
    written = {name for name, source in SOURCES.items() if not source.unwritten}
    assert written == {source.name for source, _, _ in FORMS} | others


@st.composite
def tables(draw, kind):
    images = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    classes = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    pairs = st.tuples(*(st.integers(0, len(names) - 1) for names in (images, classes)))
    pairs = draw(st.lists(pairs, unique=True, max_size=8))
    values = st.floats(0, 1, width=32) if kind == 'noisy' else st.sampled_from([0.0, 1.0])
    return table_of(images, classes, [(*pair, draw(values)) for pair in pairs])


@pytest.mark.parametrize(('source', 'path', 'layout'), FORMS, ids=IDS)
@pytest.mark.parametrize('kind', ['noisy', 'verified'])
@settings(max_examples=25)
@given(data=st.data())
def test_written_and_read_again(source, path, layout, kind, data):
    table = data.draw(tables(kind))
    table.layout = layout
    folder = Path(tempfile.mkdtemp())
    try:
        source().write(table, str(folder / path), kind)
        assert [one.name for one in folder.iterdir()] == [path]
        assert source.recognises(str(folder / path))
        key = layout.get('image_column', 'image') if 'studio' in source.name else None
        again = read(source, folder / path, kind, image_column=key)
        assert again.images == table.images
        assert triples(again) == triples(table)
        # Once more, by the layout that was found.
        shutil.rmtree(folder / path) if (folder / path).is_dir() else (folder / path).unlink()
        source().write(again, str(folder / path), kind)
        last = read(source, folder / path, kind, image_column=key)
        assert (last.images, last.layout) == (again.images, again.layout)
        assert triples(last) == triples(again)
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize(('source', 'path', 'layout'), FORMS, ids=IDS)
def test_one_format_recognises_what_is_written(tmp_path, source, path, layout):
    table = table_of(['a/1.jpg', 'b.c.png'], ['cat', 'dog'], [(0, 0, 0.5), (0, 1, 1)], **layout)
    for kind in ('noisy', 'verified'):
        here = tmp_path / kind
        table.value = np.float32([0.5, 1] if kind == 'noisy' else [0, 1])
        source().write(table, str(here / path), kind)
        assert [name for name in OURS if SOURCES[name].recognises(str(here / path))] == [
            source.name
        ]
        found = find_source(str(here / path), Options())
        assert found.read(str(here / path), kind, Options()).images == table.images


def test_a_single_label_stays_one(tmp_path):
    table = table_of(['a.jpg', 'b.jpg'], ['cat', 'dog'], [(0, 0, 1), (1, 1, 1)], single=True)
    MMPretrain().write(table, str(tmp_path / 'train.json'), 'noisy')
    assert '"gt_label": 1' in (tmp_path / 'train.json').read_text()
    table.layout['label_column'] = 'label'
    HuggingFace().write(table, str(tmp_path / 'metadata.jsonl'), 'noisy')
    assert '"label": "dog"' in (tmp_path / 'metadata.jsonl').read_text()


@pytest.mark.parametrize('name', ['\x00', 'a\x1b', '\ufffe'])
def test_what_xml_cannot_say(tmp_path, name):
    for images, classes in ([name], ['cat']), (['a.jpg'], [name]):
        with pytest.raises(InputError, match='XML cannot say the name'):
            Cvat().write(table_of(images, classes, []), str(tmp_path / 'a.xml'), 'noisy')
    assert [*tmp_path.iterdir()] == []
