"""Each format, read back by a reader that is not ours."""

import hashlib
import json
import runpy
import shutil
import sys

import numpy as np
import pandas
import pytest
from conftest import REPO
from made_index import make_data_set

from mmnoisy.class_names import distinct_names
from mmnoisy.cleaning.exports import FORMATS
from mmnoisy.cleaning.from_config import build_scorer
from mmnoisy.cli.main import main
from mmnoisy.datasets import LabelIndex
from mmnoisy.datasets.sources.reading import read_labels
from mmnoisy.engine.config import load_config

TOOL = str(REPO / 'tools/export_labels.py')


def export(*command):
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(sys, 'argv', [TOOL, *map(str, command)])
        runpy.run_path(TOOL, run_name='__main__')


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('made')
    make_data_set(root)
    return root


def wanted(index):
    """``{id: ({name of a class: confidence}, {name of a class: verdict})}``."""
    names = distinct_names(index.classes, index.info['class_names'])
    return {
        image_id: tuple(
            {names[k]: float(value) for k, value in zip(*matrix.row(i))}
            for matrix in (index.noisy, index.verdicts)
        )
        for i, image_id in enumerate(index.image_ids)
    }


def single(labels):
    """Confidences as the float32 that they are."""
    return {name: float(np.float32(value)) for name, value in labels.items()}


@pytest.mark.parametrize('form', sorted({*FORMATS} - {'cleanlab', 'folders'}))
@pytest.mark.parametrize('kind', ['noisy', 'verified'])
def test_what_is_written_is_read(root, tmp_path, capsys, form, kind):
    out = tmp_path / 'out'
    verified = ['--verified'] * (kind == 'verified')
    command = root / 'index/validation', '--format', form, '--out', out, *verified
    refused = {'voc': 'name another format'}
    if kind == 'verified':  # they list what is present
        refused.update(image_list='write another format', google='write it as --format csv')
    if form in refused:
        with pytest.raises(SystemExit):
            export(*command)
        assert refused[form] in capsys.readouterr().err
        assert not out.exists()
        return
    export(*command)
    table = read_labels(out, kind, format=form)
    found = {name: {} for name in table.images}
    for image, label, value in zip(table.image, table.label, table.value):
        found[table.images[image]][table.classes[label]] = float(value)
    expected = wanted(LabelIndex.open(root / 'index/validation'))
    if form in ('image_list', 'google'):  # which have no confidences
        expected = {i: (dict.fromkeys(noisy, 1.0), rated) for i, (noisy, rated) in expected.items()}
    assert found == {f'validation/{i}.jpg': of[kind == 'verified'] for i, of in expected.items()}


def test_pictures_are_named_as_the_index_knows_them(root, tmp_path):
    shutil.copytree(root / 'index/test', tmp_path / 'index')
    info = json.loads((tmp_path / 'index/index.json').read_text())
    info['path_template'] = '{id}'  # of a project
    (tmp_path / 'index/index.json').write_text(json.dumps(info))
    given = {'own': [], 'other': ['--template', '{id}.png']}
    for name, more in given.items():
        export(tmp_path / 'index', '--format', 'csv', '--out', tmp_path / f'{name}.csv', *more)
    images = [read_labels(tmp_path / f'{name}.csv', 'noisy').images for name in given]
    ids = [*LabelIndex.open(tmp_path / 'index').image_ids]
    assert images == [ids, [f'{i}.png' for i in ids]]


def test_coco(root, tmp_path):
    export(root / 'index/train', '--format', 'coco', '--out', tmp_path / 'labels.json')
    made = json.loads((tmp_path / 'labels.json').read_text())
    index = LabelIndex.open(root / 'index/train')
    assert [c['mid'] for c in made['categories']] == index.classes
    assert [c['name'] for c in made['categories']][:2] == ['class, "0"', 'class, "1"']
    names = {category['id']: category['name'] for category in made['categories']}
    found = {image['id']: {} for image in made['images']}
    for annotation in made['annotations']:
        labels = found[annotation['image_id']]
        labels[names[annotation['category_id']]] = annotation['score']
    assert len({annotation['id'] for annotation in made['annotations']}) == len(made['annotations'])
    expected = wanted(index)
    for image in made['images']:
        image_id = image['file_name'][len('train/') : -len('.jpg')]
        assert single(found[image['id']]) == expected.pop(image_id)[0]
    assert not expected


def test_pycocotools_reads_it(root, tmp_path):
    coco = pytest.importorskip('pycocotools.coco')
    export(root / 'index/train', '--format', 'coco', '--out', tmp_path / 'labels.json')
    api = coco.COCO(tmp_path / 'labels.json')
    index = LabelIndex.open(root / 'index/train')
    of_class_3 = {
        f'train/{i}.jpg' for k, i in enumerate(index.image_ids) if 3 in index.noisy.row(k)[0]
    }
    assert {i['file_name'] for i in api.loadImgs(api.getImgIds(catIds=[4]))} == of_class_3


@pytest.mark.parametrize('form', ['coco', 'fiftyone', 'parquet', 'csv'])
def test_classes_that_share_a_name_stay_apart(root, tmp_path, form):
    """One name for three classes, none for a fourth: every export gives the classes back."""
    index = LabelIndex.open(root / 'index/train')
    index.info['class_names'][:4] = ['Crane', 'Crane', 'Crane', '']
    index.write(tmp_path / 'index')
    export(tmp_path / 'index', '--format', form, '--out', tmp_path / 'out')
    table = read_labels(tmp_path / 'out', format=form)
    names = {*(table.classes[k] for k in table.label)}
    assert {'Crane (/m/00000)', 'Crane (/m/00001)', '/m/00003'} < names
    assert len(table.label) == len(index.noisy.label)


@pytest.mark.parametrize('subset', ['train', 'validation'])
def test_fiftyone(root, subset):
    """The files as the importer of the next test reads them, without the heavy package."""
    out = root / f'fiftyone_{subset}'
    template = '--template', '{id:.2}/{id}.png'
    export(root / 'index' / subset, '--format', 'fiftyone', '--out', out, *template)
    metadata = json.loads((out / 'metadata.json').read_text())
    samples = json.loads((out / 'samples.json').read_text())['samples']
    index = LabelIndex.open(root / 'index' / subset)
    assert metadata['info']['classes'] == index.info['class_names']
    expected = wanted(index)
    for sample in samples:
        path = sample['filepath']
        assert sample['_id'] == {'$oid': hashlib.sha256(path.encode()).hexdigest()[:24]}
        image_id = path[3:-4]
        assert path == f'{image_id[:2]}/{image_id}.png'
        noisy, verdicts = expected.pop(image_id)
        labels = sample['noisy']['classifications']
        assert single({c['label']: c['confidence'] for c in labels}) == noisy
        rated = sample.get('verified', dict(classifications=[]))['classifications']
        assert {c['label']: c['tags'] == ['present'] for c in rated} == verdicts
    assert not expected


def test_fiftyone_reads_it(root, tmp_path):
    importers = pytest.importorskip('fiftyone.utils.data.importers')
    out = tmp_path / 'fiftyone'
    export(root / 'index/validation', '--format', 'fiftyone', '--out', out)
    expected = wanted(LabelIndex.open(root / 'index/validation'))
    with importers.LegacyFiftyOneDatasetImporter(dataset_dir=str(out)) as importer:
        importer.get_dataset_info()
        for sample in importer:
            noisy, verdicts = expected.pop(sample.filepath[-len('0' * 16 + '.jpg') : -4])
            labels = sample.noisy.classifications
            assert single({c.label: c.confidence for c in labels}) == noisy
            rated = sample.verified.classifications if verdicts else []
            assert {c.label: c.tags == ['present'] for c in rated} == verdicts
    assert not expected


def test_parquet_read_by_pandas(root, tmp_path):
    export(root / 'index/validation', '--format', 'parquet', '--out', tmp_path / 'v.parquet')
    table = pandas.read_parquet(tmp_path / 'v.parquet')
    assert [*table] == ['file_name', 'labels', 'confidences']
    expected = wanted(LabelIndex.open(root / 'index/validation'))
    for row in table.to_dict('records'):
        noisy, _ = expected.pop(row['file_name'][len('validation/') : -len('.jpg')])
        assert dict(zip(row['labels'], row['confidences'])) == noisy
    assert not expected


def test_cleanlab_takes_it(root):
    rank = pytest.importorskip('cleanlab.multilabel_classification')
    config, checkpoint = root / 'config.py', root / 'model.pth'
    options = ['--format', 'cleanlab', '--out', root / 'cleanlab', '--model', config, checkpoint]
    export(root / 'index/train', *options)
    labels = json.loads((root / 'cleanlab/labels.json').read_text())
    probabilities = np.load(root / 'cleanlab/pred_probs.npy')
    index = LabelIndex.open(root / 'index/train')
    assert labels == [index.noisy.row(i)[0].tolist() for i in range(300)]
    images = json.loads((root / 'cleanlab/images.json').read_text())
    assert images == [f'train/{i}.jpg' for i in index.image_ids]

    scorer = build_scorer(load_config(config), str(checkpoint), 'train', 300, 0)
    ((_, scores),) = scorer([slice(0, 300)])
    np.testing.assert_allclose(probabilities, scores.score, atol=1e-6)
    quality = rank.get_label_quality_scores(labels, probabilities.astype(float))
    assert quality.shape == (300,)
    assert 0 <= quality.min() < quality.max() <= 1


@pytest.fixture
def project(tmp_path):
    """A project of files with columns of their own, of which nothing is trained yet."""
    (tmp_path / 'tags.csv').write_text(
        'file;tag;note\na.jpg;cat;x\na.jpg;dog;x\nb.jpg;cat;\nc.jpg;dog;y, z\n'
    )
    checked = 'file,cat,dog\nb.jpg,0,1\nc.jpg,,1\n'
    (tmp_path / 'checked.csv').write_text(checked)
    files = ['--labels', tmp_path / 'tags.csv', '--verified', tmp_path / 'checked.csv']
    arguments = ['mmnoisy', 'import', *files, '--test-share', 0.5, '--out', tmp_path / 'pets']
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(sys, 'argv', [*map(str, arguments)])
        main()
    return tmp_path / 'pets'


def test_the_labels_of_a_project_come_back_as_they_came_in(project, tmp_path, capsys):
    capsys.readouterr()
    export(project, '--out', tmp_path / 'out.csv')
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{tmp_path}/out.csv: 4 labels of 3 images, CSV, ';' between columns")
    rows = [sorted((tmp_path / name).read_text().splitlines()) for name in ('out.csv', 'tags.csv')]
    assert rows[0] == rows[1]
    export(project, '--verified', '--out', tmp_path / 'verdicts.csv')
    header, *rows = (tmp_path / 'verdicts.csv').read_text().splitlines()
    assert [header, *sorted(rows)] == ['file,cat,dog', 'b.jpg,0,1', 'c.jpg,,1']


def test_another_ending_is_another_format(project, tmp_path, capsys):
    export(project, '--out', tmp_path / 'out.parquet')
    assert '4 labels of 3 images, Parquet' in capsys.readouterr().out
    assert len(pandas.read_parquet(tmp_path / 'out.parquet')) in (3, 4)
    assert {*read_labels(tmp_path / 'out.parquet').classes} == {'cat', 'dog'}
    for options, sentence in (
        (['--out', tmp_path / 'out.json'], 'its ending is that of coco, '),
        (['--out', tmp_path / 'x', '--template', '{id}.png'], '--template: is for one set'),
        (['--out', tmp_path / 'x', '--model', 'a', 'b'], 'name it with --format cleanlab'),
    ):
        with pytest.raises(SystemExit):
            export(project, *options)
        assert sentence in capsys.readouterr().err


def test_refusals(root, capsys, tmp_path):
    def refused(*command):
        with pytest.raises(SystemExit) as end:
            export(*command)
        assert end.value.code == 2
        return capsys.readouterr().err

    index, coco = root / 'index/train', ('--format', 'coco')
    out = '--out', tmp_path / 'out'
    assert 'is there already' in refused(index, *coco, '--out', tmp_path)
    assert 'there is no label index here' in refused(tmp_path, *coco, *out)
    assert 'lacks the field {id}' in refused(index, *coco, *out, '--template', 'a.jpg')
    model = '--model', root / 'config.py', root / 'model.pth'
    assert 'not for coco' in refused(index, *coco, *out, *model)
    assert 'not written as a folder' in refused(index, '--format', 'folders', *out)
    lists = '--format', 'cleanlab', '--verified'
    assert 'cleanlab looks at noisy labels' in refused(index, *lists, *out)
    (tmp_path / 'other').mkdir()
    other = LabelIndex.open(index).select(np.arange(300) < 299)
    other.write(tmp_path / 'other/train')
    options = '--format', 'cleanlab', *out, *model
    assert 'are not those of the index' in refused(tmp_path / 'other/train', *options)
    assert not (tmp_path / 'out').exists()
