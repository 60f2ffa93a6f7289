import csv
import io

import numpy as np
import pytest

from mmnoisy import InputError
from mmnoisy.datasets.pictures.list import Picture, Source, read_pictures
from mmnoisy.io.texts import Texts

V1 = (
    'ImageID,Subset,OriginalURL,OriginalLandingURL,License,AuthorProfileURL,Author,Title,'
    'OriginalSize,OriginalMD5,Thumbnail300KURL'
)
ORIGINAL, THUMBNAIL = 'https://c1.example.org/5_o.jpg', 'https://c1.example.org/5_z.jpg'
MD5 = '0Sad+xMj2ttXM1U8meEJ0A=='
ROW = (
    f'000060e3121c7305,train,{ORIGINAL},https://example.org/5,https://example.org/by/2.0/,'
    f'"https://example.org/people","David","28 Nov, 2010\n""Our"" new house.",211079,{MD5},'
)


def pictures(tmp_path, text, *args, image_ids=None, **kwargs):
    path = tmp_path / 'images.csv'
    path.write_text(text, encoding='utf-8')
    return list(read_pictures(path, Source(*args, **kwargs), image_ids))


@pytest.mark.parametrize('bom', ['', '\ufeff'])
@pytest.mark.parametrize('end', ['\n', '\r\n'])
@pytest.mark.parametrize('rotation', [('', ''), (',Rotation', ',0.0'), (',Rotation', ',')])
def test_rows_of_v1_and_v4(tmp_path, bom, end, rotation):
    header, value = rotation
    text = f'{bom}{V1}{header}{end}{ROW}{THUMBNAIL}{value}{end}{ROW}{value}{end}'
    image_id, path = '000060e3121c7305', '000060e3121c7305.jpg'
    original = Picture(image_id, ORIGINAL, path, 211079, MD5)
    assert pictures(tmp_path, text) == [original, original]
    assert pictures(tmp_path, text, 'thumbnail') == [
        Picture(image_id, THUMBNAIL, path),
        original,
    ]
    found = pictures(
        tmp_path, text, 'bucket', '{split}/{id:.2}/{id}.jpg', 'http://mirror.example.org/oi/'
    )
    url = 'http://mirror.example.org/oi/train/000060e3121c7305.jpg'
    assert found == [Picture(image_id, url, 'train/00/000060e3121c7305.jpg')] * 2


@pytest.mark.parametrize('mark', [';', '\t'])
def test_lists_that_a_spreadsheet_has_saved(tmp_path, mark):
    commas = f'{V1}\n{ROW}{THUMBNAIL}\n'
    rows = csv.reader(commas.splitlines(keepends=True))
    text = io.StringIO()
    csv.writer(text, delimiter=mark).writerows(rows)
    assert pictures(tmp_path, '\ufeff' + text.getvalue()) == pictures(tmp_path, commas)


def test_the_public_bucket(tmp_path):
    (picture,) = pictures(tmp_path, 'ImageID,Subset\n000060e3121c7305,test\n', 'bucket')
    assert picture.url == ('https://open-images-dataset.s3.amazonaws.com/test/000060e3121c7305.jpg')


def test_columns_may_be_missing_where_they_are_not_needed(tmp_path):
    text = f'OriginalURL,ImageID\n{ORIGINAL},00000000000000AB\n'
    expected = [Picture('00000000000000AB', ORIGINAL, '00000000000000ab.jpg')]
    assert pictures(tmp_path, text) == expected
    assert pictures(tmp_path, text, 'thumbnail') == expected


@pytest.mark.parametrize(
    ('header', 'source', 'lacks'),
    [
        ('id,OriginalURL', {}, 'without ImageID'),
        ('ImageID,Subset', {}, 'without OriginalURL'),
        ('ImageID,Subset', dict(kind='thumbnail'), 'without Thumbnail300KURL or OriginalURL'),
        ('ImageID,OriginalURL', dict(kind='bucket'), 'without Subset'),
        ('ImageID,OriginalURL', dict(template='{split}/{id}'), 'without Subset'),
        ('', {}, "the header is '', without ImageID"),
    ],
)
def test_columns_that_are_needed(tmp_path, header, source, lacks):
    with pytest.raises(InputError, match=rf'images\.csv: .*{lacks}'):
        pictures(tmp_path, header, **source)


@pytest.mark.parametrize(
    'row',
    [
        f'../../etc/passwd,train,{ORIGINAL},1,',
        f'/etc/passwd,train,{ORIGINAL},1,',
        f'106528377697029,train,{ORIGINAL},1,',
        f',train,{ORIGINAL},1,',
        f'000060e3121c7305,..,{ORIGINAL},1,',
        f'000060e3121c7305,,{ORIGINAL},1,',
        f'000060e3121c7305,train,{ORIGINAL},many,',
        f'000060e3121c7305,train,{ORIGINAL}',
        f'000060e3121c7305,train,{ORIGINAL},1,,too much',
    ],
)
def test_malformed_rows_are_no_paths(tmp_path, row):
    text = f'ImageID,Subset,OriginalURL,OriginalSize,OriginalMD5\n{row}\n'
    expected = Picture(row.split(',')[0], fault='malformed row')
    assert pictures(tmp_path, text, template='{split}/{id}.jpg') == [expected]


@pytest.mark.parametrize(
    'url',
    [
        'file:///etc/passwd',
        'ftp://example.org/a.jpg',
        '/a.jpg',
        '',
        'http://',
        'http://[',
        'data:x',
    ],
)
def test_only_http(tmp_path, url):
    (picture,) = pictures(tmp_path, f'ImageID,OriginalURL\n000060e3121c7305,{url}\n')
    assert picture.fault == 'no http address'
    with pytest.raises(InputError, match='is no http address'):
        Source(bucket_url=url)


def test_only_the_images_of_an_index(tmp_path):
    rng = np.random.default_rng(0)
    ids = rng.integers(2**64, size=50, dtype=np.uint64)
    text = ''.join(f'{number:016x},{ORIGINAL}\n' for number in ids) + f'malformed,{ORIGINAL}\n'
    chosen = {*ids[::3].tolist(), 0, 2**64 - 1}
    found = pictures(
        tmp_path,
        f'ImageID,OriginalURL\n{text}',
        image_ids=Texts.of(sorted(f'{n:016x}' for n in chosen)),
    )
    assert [p.image_id for p in found] == [f'{n:016x}' for n in ids[::3]] + ['malformed']


def test_lists_that_are_no_csv(tmp_path):
    # A quote that is never closed takes the rest of the file for one title.
    text = f'ImageID,OriginalURL,Title\n000060e3121c7305,{ORIGINAL},"a title\n'
    text += f'000060e3121c7306,{ORIGINAL},another\n' * 3000
    with pytest.raises(InputError, match=r'images\.csv: cannot be read as CSV in line \d+'):
        pictures(tmp_path, text)
    with pytest.raises(InputError, match='there is no such image list'):
        list(read_pictures(tmp_path / 'gone.csv', Source()))
