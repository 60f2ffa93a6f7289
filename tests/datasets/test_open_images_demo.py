import builtins
import multiprocessing
import shutil

import numpy as np
import pytest

from mmnoisy import InputError
from mmnoisy.datasets import LabelIndex, OpenImagesDemo, open_images_demo
from mmnoisy.datasets.open_images_demo import CONCEPTS, MIDS, SUBSETS, make_demo
from mmnoisy.io.lock import lock


def test_sizes_and_noise(demo_root):
    for subset, (_, num_pictures) in SUBSETS.items():
        index = LabelIndex.open(demo_root / 'index' / subset)
        assert len(index) == num_pictures
        assert index.classes == MIDS
        assert len(list((demo_root / subset).glob('*.jpg'))) == num_pictures
    assert len(LabelIndex.open(demo_root / 'index/train').verdicts.label) == 0
    # Enough noise to be worth cleaning, as in Open Images, where 26 % of the labels are wrong.
    assert 0.2 < 1 - LabelIndex.open(demo_root / 'index/test').verdicts.value.mean() < 0.35


def test_verdicts_agree_with_one_another(demo_root):
    index = LabelIndex.open(demo_root / 'index/test')
    concepts = list(CONCEPTS.values())
    checked = 0
    for i in range(len(index)):
        label, present = index.verdicts.row(i)
        here = {k for k in label[present].tolist() if k < 10}  # digits that are there
        for k in label[~present]:
            assert not here & concepts[k]
            checked += len(here)
    assert checked > 100


def test_same_seed_same_demo(demo_root, tmp_path):
    make_demo(tmp_path / 'again')
    for subset in SUBSETS:
        first, second = (
            LabelIndex.open(root / 'index' / subset) for root in (demo_root, tmp_path / 'again')
        )
        np.testing.assert_array_equal(first.image_ids, second.image_ids)
        np.testing.assert_array_equal(first.noisy.label, second.noisy.label)
    name = f'{first.image_ids[0]}.jpg'
    assert (demo_root / 'test' / name).read_bytes() == (tmp_path / 'again/test' / name).read_bytes()


def test_made_on_first_use_only(tmp_path):
    build = lambda: OpenImagesDemo(  # noqa: E731
        data_root=str(tmp_path / 'digits'), ann_file='index/test', data_prefix='test'
    )
    assert len(build()) == SUBSETS['test'][1]
    made = (tmp_path / 'digits/index/test/index.json').stat().st_mtime_ns
    build()
    assert (tmp_path / 'digits/index/test/index.json').stat().st_mtime_ns == made
    assert [path.name for path in tmp_path.iterdir()] == ['digits']


def test_two_runs_that_make_it_at_once(demo_root, tmp_path, monkeypatch):
    root, fork = tmp_path / 'digits', multiprocessing.get_context('fork')
    begun, awaited = fork.Event(), fork.Event()

    def another_run():
        with lock(root):
            begun.set()
            awaited.wait()
            shutil.copytree(demo_root, root)

    def waiting(*args, **kwargs):
        awaited.set()
        return lock(*args, **kwargs)

    other = fork.Process(target=another_run, daemon=True)
    other.start()
    begun.wait()
    monkeypatch.setattr(open_images_demo, 'lock', waiting)
    monkeypatch.setattr(open_images_demo, 'make_demo', None)  # not to be called
    assert len(OpenImagesDemo.open_index(str(root), 'index/test')) == SUBSETS['test'][1]
    other.join()


def test_refusals(tmp_path, monkeypatch):
    with pytest.raises(InputError, match='holds something else than the demo'):
        make_demo(tmp_path)
    real_import = builtins.__import__

    def no_sklearn(name, *args, **kwargs):
        if name.startswith('sklearn'):
            raise ImportError(name)
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, '__import__', no_sklearn)
    with pytest.raises(InputError, match='pip install scikit-learn'):
        make_demo(tmp_path / 'digits')
