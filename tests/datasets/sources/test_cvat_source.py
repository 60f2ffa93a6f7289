"""CVAT's XML by hand, in the shape of its exports."""

import pytest
from label_tables import read, table_of, triples

from mmnoisy.datasets.release.csv_blocks import NO_CONFIDENCE
from mmnoisy.datasets.sources.collector import NO_NAME
from mmnoisy.datasets.sources.cvat import Cvat
from mmnoisy.errors import InputError

TASK = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta>
    <task>
      <id>12</id>
      <name>pets &amp; more</name>
      <size>3</size>
      <mode>annotation</mode>
      <labels>
        <label>
          <name>cat</name>
          <color>#fa3253</color>
          <type>tag</type>
          <attributes>
            <attribute>
              <name>score</name>
              <mutable>False</mutable>
              <input_type>text</input_type>
              <default_value></default_value>
              <values></values>
            </attribute>
          </attributes>
        </label>
        <label><name>dog &amp; 犬</name><attributes></attributes></label>
      </labels>
      <owner><username>ann</username><email></email></owner>
    </task>
    <dumped>2024-05-01 10:00:00.000000+00:00</dumped>
  </meta>
  BODY
</annotations>
"""
IMAGES = """<image id="0" name="cats/photo 12.JPG" width="640" height="480">
    <tag label="cat" source="manual">
      <attribute name="score">0.5</attribute>
    </tag>
    <box label="dog &amp; 犬" source="auto" occluded="0" xtl="1.0" ytl="2.0" xbr="3.0" ybr="4.0">
    </box>
  </image>
  <image id="1" name="a.b.png" width="640" height="480">
  </image>
  <image id="2" name="&#233;" subset="Train" width="640" height="480">
    <tag label="cat" source="manual"><attribute name="present">false</attribute></tag>
    <tag label="dog &amp; 犬" score="0.25"><attribute name="present">true</attribute></tag>
  </image>"""


@pytest.fixture
def write(tmp_path):
    def write(body=IMAGES, encoding='utf-8'):
        path = tmp_path / 'annotations.xml'
        path.write_bytes(TASK.replace('BODY', body).encode(encoding))
        return path

    return write


def test_tags_and_boxes(write):
    table = read(Cvat, write())
    assert table.images == ['cats/photo 12.JPG', 'a.b.png', 'é']
    assert table.classes == ['cat', 'dog & 犬']
    assert triples(table) == {
        ('cats/photo 12.JPG', 'cat', 0.5),
        ('cats/photo 12.JPG', 'dog & 犬', 1),
        ('é', 'cat', 1),
        ('é', 'dog & 犬', 0.25),
    }


def test_verdicts(write):
    assert triples(read(Cvat, write(), 'verified')) == {
        ('cats/photo 12.JPG', 'cat', 1),
        ('cats/photo 12.JPG', 'dog & 犬', 1),
        ('é', 'cat', 0),
        ('é', 'dog & 犬', 1),
    }


def test_classes_that_the_file_does_not_list(write):
    table = read(Cvat, write('<image id="0" name="a"><tag label="bird"/></image>'))
    assert table.classes == ['cat', 'dog & 犬', 'bird']


def test_what_is_left_out(write):
    table = read(
        Cvat,
        write(
            '<image id="0"><tag label="cat"/></image><image id="1" name="b"><tag source="manual"/>'
            '<tag label="cat"><attribute name="score">high</attribute></tag></image>'
        ),
    )
    assert table.account.dropped == {NO_NAME: 2, NO_CONFIDENCE: 1}
    assert table.account.examples[NO_CONFIDENCE] == "'high' of b"


@pytest.mark.parametrize(
    'doctype',
    [
        '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]>',
        '<!DOCTYPE a SYSTEM "file:///etc/passwd">',
    ],
)
def test_no_entities(write, doctype):
    path = write()
    text = path.read_text('utf-8').replace('<annotations>', f'{doctype}\n<annotations>')
    path.write_text(text, 'utf-8')
    assert Cvat.recognises(str(path))
    with pytest.raises(InputError, match=r'annotations.xml: holds a DOCTYPE'):
        read(Cvat, path)


def test_video(write):
    with pytest.raises(InputError, match='is CVAT XML for video; export it as CVAT for images'):
        read(Cvat, write('<track id="0" label="cat"></track>'))


def test_an_encoding_that_is_not_the_one_it_says(write):
    with pytest.raises(InputError, match='is no whole XML file'):
        read(Cvat, write('<image id="0" name="é.jpg"/>'.replace('犬', ''), 'utf-16-le'))
    path = write('<image id="0" name="E.jpg"/>')
    path.write_bytes(path.read_bytes().replace(b'E.jpg', 'é.jpg'.encode('latin-1')))
    with pytest.raises(InputError, match=r'is no whole XML file \(not well-formed'):
        read(Cvat, path)


def test_no_image(write):
    with pytest.raises(InputError, match='holds no image'):
        read(Cvat, write(''))


def test_what_is_written_says_which_attributes_there_are(tmp_path):
    table = table_of(['a & b.jpg'], ['cat', 'dog'], [(0, 0, 1), (0, 1, 0)])
    Cvat().write(table, str(tmp_path / 'out.xml'), 'verified')
    text = (tmp_path / 'out.xml').read_text()
    assert '<tag label="cat" source="manual"></tag>' in text
    assert '<tag label="dog" source="manual"><attribute name="present">false</attribute>' in text
    assert text.count('<name>present</name>') == text.count('<label><name>') == 2
