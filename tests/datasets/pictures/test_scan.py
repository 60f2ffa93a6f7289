from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import write_release

from mmnoisy import InputError
from mmnoisy.datasets import LabelIndex
from mmnoisy.datasets.pictures import scan as scanning
from mmnoisy.datasets.pictures.scan import NAMES, scan_pictures
from mmnoisy.datasets.release.layout import find_release
from mmnoisy.datasets.release.prepare import prepare

TEMPLATE = '{split}/{id}.jpg'


@pytest.fixture
def root(tmp_path):
    write_release(tmp_path, num_images=10)
    prepare(find_release(tmp_path), tmp_path / 'index')
    return tmp_path


def png(seed):
    picture = np.random.default_rng(seed).integers(256, size=(8, 8, 3), dtype=np.uint8)
    return cv2.imencode('.png', picture)[1].tobytes()


def states(root):
    return [NAMES[k] for k in np.load(root / 'index/train/pictures.npy')]


def scan(root, *templates):
    counts = scan_pictures(root / 'index/train', str(root), templates or [TEMPLATE])
    assert sum(counts.values()) == 10
    return counts


def test_every_kind_of_picture(root):
    paths = sorted((root / 'train').iterdir())
    whole = paths[0].read_bytes()
    paths[1].unlink()
    paths[2].write_bytes(b'')
    paths[3].write_bytes(whole[:-40])
    paths[4].write_text('<html>gone</html>')
    paths[5].write_bytes(png(0))
    paths[6].write_bytes(png(1))
    paths[7].write_bytes(png(1))
    paths[8].write_bytes(png(2)[:-30])
    counts = scan(root)
    expected = [
        *['fine', 'missing', 'unreadable', 'unreadable', 'unreadable'],
        *['PNG named as JPEG', 'placeholder', 'placeholder', 'unreadable', 'fine'],
    ]
    assert states(root) == expected
    assert counts == {name: expected.count(name) for name in NAMES}
    usable = LabelIndex.open(root / 'index/train').usable
    assert usable.tolist() == [0, 5, 9]


def test_an_index_that_cannot_be_written_to(root, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, 'Permission denied')

    monkeypatch.setattr(scanning, '_save', refuse)
    with pytest.raises(InputError, match=r'index/train: .*Permission denied.* with --out'):
        scan(root)


def test_a_scan_goes_on_where_it_stopped(root, monkeypatch):
    monkeypatch.setattr(scanning, 'BATCH', 2)
    looked_at, stop_at = [], {sorted((root / 'train').iterdir())[6].name}

    def state(path, data, once=scanning._state):
        looked_at.append(path)
        if Path(path).name in stop_at:
            raise KeyboardInterrupt
        return once(path, data)

    monkeypatch.setattr(scanning, '_state', state)
    monkeypatch.setattr(scanning.os, 'cpu_count', lambda: 1)
    with pytest.raises(KeyboardInterrupt):
        scan(root)
    done = states(root).count('fine')
    assert done == 6  # the batches before that of the seventh picture
    assert LabelIndex.open(root / 'index/train').usable is None
    # A new index of the same images takes over what was found.
    prepare(find_release(root), root / 'index')
    assert states(root).count('fine') == done
    stop_at.clear()
    looked_at.clear()
    scan(root)
    assert len(looked_at) == 10 - done
    assert LabelIndex.open(root / 'index/train').usable.tolist() == list(range(10))


def test_missing_pictures_are_looked_for_again(root):
    paths = sorted((root / 'train').iterdir())
    content = paths[3].read_bytes()
    paths[3].unlink()
    assert scan(root)['missing'] == 1
    paths[3].write_bytes(content)
    assert scan(root)['fine'] == 10
    # What was found of other files says nothing.
    (root / 'elsewhere').mkdir()
    assert scan(root, 'elsewhere/{id}.jpg')['missing'] == 10
    for path in paths[:6]:
        path.rename(root / 'elsewhere' / path.name)
    assert scan(root, 'elsewhere/{id}.jpg', TEMPLATE)['fine'] == 10


def test_wrong_input(root):
    with pytest.raises(InputError, match='is no path of a file inside a folder'):
        scan(root, '../{id}.jpg')
    with pytest.raises(InputError, match='there is no label index here'):
        scan_pictures(root / 'train', str(root), [TEMPLATE])
