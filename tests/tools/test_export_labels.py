"""Each format, read back by a reader that is not ours."""

import hashlib
import json
import runpy
import sys

import numpy as np
import pandas
import pytest
from conftest import REPO
from made_index import make_data_set

from mmnoisy.cleaning.exports.formats import FORMATS
from mmnoisy.cleaning.from_config import build_scorer
from mmnoisy.datasets import LabelIndex
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


def wanted(root, subset):
    """``{image id: ({MID: confidence}, {MID: verdict})}``."""
    index = LabelIndex.open(root / 'index' / subset)
    mids = index.classes
    return {
        image_id: tuple(
            {mids[k]: float(value) for k, value in zip(*matrix.row(i))}
            for matrix in (index.noisy, index.verdicts)
        )
        for i, image_id in enumerate(index.image_ids)
    }


def single(labels):
    """Confidences as the float32 that they are."""
    return {mid: float(np.float32(value)) for mid, value in labels.items()}


def test_coco(root):
    export(root / 'index/train', '--format', 'coco', '--out', root / 'coco')
    made = json.loads((root / 'coco/labels.json').read_text())
    mids = {category['id']: category['mid'] for category in made['categories']}
    assert [c['name'] for c in made['categories']][:2] == ['class, "0"', 'class, "1"']
    found = {image['id']: {} for image in made['images']}
    for annotation in made['annotations']:
        labels = found[annotation['image_id']]
        labels[mids[annotation['category_id']]] = annotation['score']
    assert len({annotation['id'] for annotation in made['annotations']}) == len(made['annotations'])
    expected = wanted(root, 'train')
    for image in made['images']:
        assert image['file_name'] == f'train/{image["image_id"]}.jpg'
        assert single(found[image['id']]) == expected.pop(image['image_id'])[0]
    assert not expected
    assert [p.name for p in (root / 'coco').iterdir()] == ['labels.json']


def test_pycocotools_reads_it(root, tmp_path):
    coco = pytest.importorskip('pycocotools.coco')
    export(root / 'index/train', '--format', 'coco', '--out', tmp_path / 'coco')
    api = coco.COCO(tmp_path / 'coco/labels.json')
    index = LabelIndex.open(root / 'index/train')
    of_class_3 = {i for k, i in enumerate(index.image_ids) if 3 in index.noisy.row(k)[0]}
    assert {image['image_id'] for image in api.loadImgs(api.getImgIds(catIds=[4]))} == of_class_3


def test_classes_that_share_a_name_stay_apart(root, tmp_path):
    """One name for three classes, none for a fourth: every export gives the classes back."""
    index = LabelIndex.open(root / 'index/train')
    index.info['class_names'][:4] = ['Crane', 'Crane', 'Crane', '']
    for name in ('coco', 'fiftyone', 'parquet'):
        (tmp_path / name).mkdir()
        FORMATS[name](index, '{id}.jpg', tmp_path / name)
    expected = wanted(root, 'train')

    made = json.loads((tmp_path / 'coco/labels.json').read_text())
    names = [category['name'] for category in made['categories']]
    assert names[:2] == ['Crane (/m/00000)', 'Crane (/m/00001)']
    assert names[3] == '/m/00003'
    by_name = dict(zip(names, index.classes))
    assert len(by_name) == len(index.classes)

    samples = json.loads((tmp_path / 'fiftyone/samples.json').read_text())['samples']
    for sample in samples:
        labels = sample['noisy']['classifications']
        found = {by_name[c['label']]: c['confidence'] for c in labels}
        assert single(found) == expected[sample['image_id']][0]

    table = pandas.read_parquet(tmp_path / 'parquet/train.parquet')
    for key, ids, of_row in zip(table['__key__'], table['label_ids'], table['label_names']):
        assert {*ids} == {by_name[name] for name in of_row} == {*expected[key][0]}


@pytest.mark.parametrize('subset', ['train', 'validation'])
def test_fiftyone(root, subset):
    """The files as the importer of the next test reads them, without the heavy package."""
    out = root / f'fiftyone_{subset}'
    template = '--template', '{id:.2}/{id}.png'
    export(root / 'index' / subset, '--format', 'fiftyone', '--out', out, *template)
    metadata = json.loads((out / 'metadata.json').read_text())
    samples = json.loads((out / 'samples.json').read_text())['samples']
    mids = dict(zip(metadata['info']['classes'], metadata['info']['mids']))
    expected = wanted(root, subset)
    for sample in samples:
        image_id = sample['image_id']
        assert sample['_id'] == {'$oid': hashlib.sha256(image_id.encode()).hexdigest()[:24]}
        assert sample['filepath'] == f'{image_id[:2]}/{image_id}.png'
        noisy, verdicts = expected.pop(image_id)
        labels = sample['noisy']['classifications']
        assert single({mids[c['label']]: c['confidence'] for c in labels}) == noisy
        rated = sample.get('verified', dict(classifications=[]))['classifications']
        assert {mids[c['label']]: c['tags'] == ['present'] for c in rated} == verdicts
    assert not expected


def test_fiftyone_reads_it(root, tmp_path):
    importers = pytest.importorskip('fiftyone.utils.data.importers')
    out = tmp_path / 'fiftyone'
    export(root / 'index/validation', '--format', 'fiftyone', '--out', out)
    expected = wanted(root, 'validation')
    with importers.LegacyFiftyOneDatasetImporter(dataset_dir=str(out)) as importer:
        info = importer.get_dataset_info()
        mids = dict(zip(info['classes'], info['mids']))
        for sample in importer:
            noisy, verdicts = expected.pop(sample.image_id)
            assert sample.id == '0' * 8 + sample.image_id
            assert sample.filepath.endswith(f'/validation/{sample.image_id}.jpg')
            labels = sample.noisy.classifications
            assert single({mids[c.label]: c.confidence for c in labels}) == noisy
            rated = sample.verified.classifications if verdicts else []
            assert {mids[c.label]: c.tags == ['present'] for c in rated} == verdicts
    assert not expected


def test_parquet_read_by_pandas(root):
    export(root / 'index/validation', '--format', 'parquet', '--out', root / 'parquet')
    table = pandas.read_parquet(root / 'parquet/validation.parquet')
    expected = wanted(root, 'validation')
    index = LabelIndex.open(root / 'index/validation')
    mids, names = index.classes, index.info['class_names']
    for row in table.to_dict('records'):
        noisy, verdicts = expected.pop(row['__key__'])
        assert row['file_name'] == f'validation/{row["__key__"]}.jpg'
        assert dict(zip(row['label_ids'], row['confidences'])) == noisy
        assert [names[k] for k in row['labels']] == row['label_names'].tolist()
        found = {mids[k]: 1.0 for k in row['verified_present']}
        assert {**found, **{mids[k]: 0.0 for k in row['verified_absent']}} == verdicts
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
    (tmp_path / 'other').mkdir()
    other = LabelIndex.open(index).select(np.arange(300) < 299)
    other.write(tmp_path / 'other/train')
    options = '--format', 'cleanlab', *out, *model
    assert 'are not those of the index' in refused(tmp_path / 'other/train', *options)
    assert not (tmp_path / 'out').exists()
