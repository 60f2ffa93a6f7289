"""A small Open Images release, and where real data is."""

import contextlib
import csv
import os
import random
import socket
import sys
from pathlib import Path

import cv2
import mmengine.config.config
import numpy as np
import pytest
from hypothesis import settings

# Two processes run the tests on two cores: threads of theirs would wait for one another.
os.environ.setdefault('OMP_NUM_THREADS', '1')

from mmnoisy.datasets import SUBSETS

# Laying out the text of a config takes yapf longer than most tests take.
mmengine.config.config.FormatCode = lambda text, **style: (text, True)

# The same examples in every run, so that what passes passes again; others are looked for with
# pytest --hypothesis-profile=random.
settings.register_profile('same', deadline=None, derandomize=True)
settings.register_profile('random', deadline=None, print_blob=True)
settings.load_profile('same')

REPO = Path(__file__).parent.parent


def pytest_collection_modifyitems(items):
    """Tests that start processes come first: they are the longest, and two workers share them."""
    first = [REPO / 'tests' / folder for folder in ('engine', 'tools', 'docs', 'cli')]
    items.sort(key=lambda item: not {*first} & {*item.path.parents})


# Real data is kept outside the repository, in a folder that several checkouts may share; tests
# that need it say so and skip without it.
DATA = Path(os.environ.get('MMNOISY_DATA', REPO.parent / 'shared/data'))
TINY = DATA / 'tiny-open-images'
WEIGHTS = DATA / 'weights'


def mid(k):
    return f'/m/0{k:04d}'


def write_csv(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, 'w', newline='') as file:
        csv.writer(file, lineterminator='\n').writerows(rows)


def read_rows(path):
    """The rows of a CSV file as dictionaries."""
    with open(path, newline='') as file:
        return list(csv.DictReader(file))


def free_port():
    """A port that nobody listens on, below those that the system gives to connections."""
    while True:
        port = random.SystemRandom().randrange(10_000, 32_000)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(('', port))
            return port


def script_environment(*folders, **settings):
    """For shell scripts: their `python` is the one that runs the tests, on one thread.

    ``folders`` hold commands that come before all others.
    """
    path = [*map(str, folders), os.path.dirname(sys.executable), os.environ['PATH']]
    common = dict(PATH=os.pathsep.join(path), OMP_NUM_THREADS='1', PORT=str(free_port()))
    return {**os.environ, **common, **settings}


HEADER = ('ImageID', 'Source', 'LabelName', 'Confidence')


def write_release(root, num_classes=6, num_images=8, size=(40, 48), seed=0, pictures=True):
    """Writes random pictures, labels and verdicts in the V4 layout; returns what was written.

    The result maps a subset to ``{image_id: (noisy, present, absent)}`` with sets of class ids.
    """
    rng = np.random.default_rng(seed)
    annotations = root / 'annotations'
    annotations.mkdir(parents=True)
    (annotations / 'classes.txt').write_text(''.join(f'{mid(k)}\n' for k in range(num_classes)))
    written = {}
    for subset in SUBSETS:
        machine, human, content = [HEADER], [HEADER], {}
        for number in rng.integers(2**64, size=num_images, dtype=np.uint64):
            image_id = f'{number:016x}'
            noisy = rng.choice(num_classes, rng.integers(1, min(num_classes, 4)), replace=False)
            verdicts = rng.random(len(noisy)) < 0.6
            machine += [(image_id, 'machine', mid(k), 0.7) for k in noisy]
            human += [(image_id, 'verification', mid(k), int(p)) for k, p in zip(noisy, verdicts)]
            content[image_id] = (set(noisy), set(noisy[verdicts]), set(noisy[~verdicts]))
            if pictures:
                path = root / subset / f'{image_id}.jpg'
                path.parent.mkdir(exist_ok=True)
                cv2.imwrite(str(path), rng.integers(256, size=(*size, 3), dtype=np.uint8))
        prefix = annotations / subset
        write_csv(Path(f'{prefix}-annotations-machine-imagelabels.csv'), machine)
        if subset != 'train':
            write_csv(Path(f'{prefix}-annotations-human-imagelabels.csv'), human)
        written[subset] = content
    return written


@pytest.fixture
def tiny():
    """The folder of tiny-open-images."""
    if not (TINY / 'annotations').is_dir():
        pytest.skip(f'{TINY} is not there (set MMNOISY_DATA to the folder that holds it)')
    return TINY


@pytest.fixture(scope='session')
def demo_root(tmp_path_factory):
    """The embedded demo, made once."""
    from mmnoisy.datasets.open_images_demo import make_demo

    root = tmp_path_factory.mktemp('demo') / 'digits'
    make_demo(root)
    return root


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    """The folder of a generated data set with features, a config and an untrained model."""
    from made_index import make_data_set

    root = tmp_path_factory.mktemp('made')
    make_data_set(root)
    return root


@pytest.fixture
def trained(monkeypatch):
    """What is trained: system and stage; raises in the training with the number ``stop``."""
    from mmnoisy.experiments.training import Trainer

    class Trained(list):
        stop = None

    done, train = Trained(), Trainer.train

    def recorded(self, job, cfg, stage):
        done.append((job.system, stage))
        if len(done) == done.stop:
            raise KeyboardInterrupt
        return train(self, job, cfg, stage)

    monkeypatch.setattr(Trainer, 'train', recorded)
    return done


@pytest.fixture(scope='session')
def small(tmp_path_factory):
    """A small release and an untrained classifier of its pictures."""
    from small_classifier import make

    return make(tmp_path_factory.mktemp('small'))


@pytest.fixture(scope='session')
def small_network(tmp_path_factory):
    """A small network with random weights, as options of ``mmnoisy run``."""
    timm = pytest.importorskip('timm')
    import torch

    torch.manual_seed(0)
    weights = tmp_path_factory.mktemp('weights') / 'small.pth'
    torch.save(timm.create_model('test_efficientnet').state_dict(), weights)
    return '--backbone', 'test_efficientnet', '--weights', weights, '--image-size', 32


@pytest.fixture(params=['simplejpeg', 'OpenCV'])
def jpeg_decoder(request, monkeypatch):
    """With simplejpeg and without it."""
    from mmnoisy.datasets.pictures import decoding

    if request.param == 'simplejpeg':
        pytest.importorskip('simplejpeg')
    monkeypatch.setattr(decoding, '_HAS_SIMPLEJPEG', request.param == 'simplejpeg')


@pytest.fixture(scope='module')
def browser(written, tmp_path_factory):
    """A browser with the page that the fixture ``written`` of a test file has written."""
    from browser import open_page

    with open_page(written, tmp_path_factory.mktemp('profile')) as page:
        yield page


@pytest.fixture
def page(browser, written):
    """The page, loaded anew."""
    browser.load(written)
    return browser
