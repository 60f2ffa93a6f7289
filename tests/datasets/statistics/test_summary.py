import numpy as np
import pytest
from conftest import mid, write_csv, write_release

from mmnoisy import InputError
from mmnoisy.datasets.release.class_files import read_categories
from mmnoisy.datasets.release.files import ReleaseFile
from mmnoisy.datasets.release.layout import find_release
from mmnoisy.datasets.release.prepare import prepare
from mmnoisy.datasets.statistics.summary import dataset_statistics, open_indexes


@pytest.fixture
def written(tmp_path):
    content = write_release(tmp_path / 'release', num_images=30, pictures=False)
    prepare(find_release(tmp_path / 'release'), tmp_path / 'index')
    return content


def test_verdicts_are_those_of_validation_and_test(tmp_path, written):
    statistics = dataset_statistics(open_indexes(tmp_path / 'index'))
    for k in range(6):
        for subset, images in written.items():
            expected = sum(k in noisy for noisy, _, _ in images.values())
            assert statistics.machine[subset][k] == expected
        images = [*written['validation'].values(), *written['test'].values()]
        assert statistics.rated.present[k] == sum(k in present for _, present, _ in images)
        assert statistics.rated.absent[k] == sum(k in absent for _, _, absent in images)
    assert statistics.frequency.tolist() == sum(statistics.machine.values()).tolist()


@pytest.mark.parametrize('subset', ['train', 'validation'])
def test_a_single_index(tmp_path, written, subset):
    statistics = dataset_statistics(open_indexes(tmp_path / 'index' / subset))
    assert list(statistics.machine) == [subset]
    num_verdicts = sum(len(p) + len(a) for _, p, a in written[subset].values())
    expected = 0 if subset == 'train' else num_verdicts
    assert statistics.table()[-1].annotations == expected


def test_names_that_are_empty_or_shared_have_their_ids(tmp_path, written):
    indexes = open_indexes(tmp_path / 'index')
    indexes['train'].info['class_names'] = ['crane', 'crane', '', 'ant', 'bee', 'cat']
    names = [f'crane ({mid(0)})', f'crane ({mid(1)})', mid(2), 'ant', 'bee', 'cat']
    assert dataset_statistics(indexes).names == names


def test_verdicts_on_train_count_only_where_there_are_no_others(tmp_path, written):
    indexes = open_indexes(tmp_path / 'index')
    indexes['train'].verdicts = indexes['train'].noisy._replace(
        value=np.ones(len(indexes['train'].noisy.label), bool)
    )
    train = dataset_statistics({'train': indexes['train']})
    assert train.rated.correct.tolist() == train.frequency.tolist()
    together = dataset_statistics({name: indexes[name] for name in ('train', 'test')})
    alone = dataset_statistics({'test': indexes['test']})
    assert together.rated.present.tolist() == alone.rated.present.tolist()


def test_tiny_open_images(tiny, tmp_path):
    prepare(find_release(tiny), tmp_path / 'index')
    statistics = dataset_statistics(open_indexes(tmp_path / 'index'))
    machine = {name: int(array.sum()) for name, array in statistics.machine.items()}
    assert machine == {'train': 95_467, 'validation': 11_779, 'test': 35_683}
    total = statistics.table()[-1]
    assert total[:4] == ('total', 516, 516, 11_779 + 35_683)
    assert total.correct == pytest.approx((7_650 + 22_272) / (11_779 + 35_683))
    # 37.5 % of the labels of the held-out set are wrong.
    test = dataset_statistics(open_indexes(tmp_path / 'index/test')).table()[-1]
    assert 1 - test.correct == pytest.approx(0.375, abs=0.001)
    # The paper: "some classes only have correct annotations, others do not have any".
    assert (np.nanmin(statistics.rated.quality), np.nanmax(statistics.rated.quality)) == (0, 1)


CLASSES = [mid(0), mid(1), mid(2)]


def test_categories(tmp_path):
    rows = [('LabelName', 'Category'), (mid(2), 'pet'), ('/m/x', 'pet'), (mid(2), 'animal, wild')]
    write_csv(tmp_path / 'groups.csv', rows)
    categories, unknown = read_categories(ReleaseFile(tmp_path / 'groups.csv'), CLASSES)
    assert categories == [[], [], ['pet', 'animal, wild']]
    assert unknown == ['/m/x']


@pytest.mark.parametrize(
    ('rows', 'complaint'),
    [
        ([(mid(0), 'pet', 'animal')], 'has 3 fields instead of 2'),
        ([(mid(0), ' ')], f"'{mid(0)}' has an empty category"),
        ([('/m/x', 'pet'), ('/m/y', 'pet')], 'none of its 2 rows is of a class of the index'),
        ([], 'none of its 0 rows'),
    ],
)
def test_broken_categories(tmp_path, rows, complaint):
    write_csv(tmp_path / 'groups.csv', rows)
    with pytest.raises(InputError, match=rf'groups\.csv: .*{complaint}'):
        read_categories(ReleaseFile(tmp_path / 'groups.csv'), CLASSES)


def test_wrong_indexes(tmp_path, written):
    with pytest.raises(InputError, match='release: there is no label index here'):
        open_indexes(tmp_path / 'release')
    write_release(tmp_path / 'other', num_classes=5, pictures=False)
    other = prepare(find_release(tmp_path / 'other'), tmp_path / 'elsewhere')['train']
    (tmp_path / 'index/train').rename(tmp_path / 'former')
    other.write(tmp_path / 'index/train')
    with pytest.raises(InputError, match=r'validation: its 6 classes are not the 5 of .*train'):
        open_indexes(tmp_path / 'index')
