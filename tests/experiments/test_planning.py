import pytest
from conftest import REPO

from mmnoisy.experiments.planning import Assumptions, Stage, plan, stages, table

EASY = Assumptions(
    cores=10, network=100, gets=5, puts=2, prefixes=2, hours=1, price=3, get_price=1, put_price=10
)


@pytest.mark.parametrize(
    ('stage', 'machines', 'hours', 'cost', 'slowest'),
    [
        # 72,000 / 10 cores are two hours, and so two machines for one.
        (Stage('a', 72_000, 100, 100, 0, 0), 2, 1, 6, 'cores'),
        (Stage('a', 72_000, 100, 100, 0, 0, shared=False), 1, 2, 6, 'cores'),
        # 360,000 + 180,000 bytes at 100 a second.
        (Stage('a', 10, 360_000, 180_000, 0, 0), 2, 0.75, 4.5, 'network'),
        # 18,000 GETs at 10 a second, 7,200 PUTs at 4: one hour, in which the machine waits.
        (Stage('a', 10, 0, 0, 18_000, 7_200), 1, 1, 3 + 18 + 72, 'requests'),
    ],
)
def test_a_stage_by_hand(stage, machines, hours, cost, slowest):
    found = plan(stage, EASY)
    assert found[1:] == (machines, pytest.approx(hours), pytest.approx(cost), slowest)


def test_gpus_do_what_they_can():
    given = EASY._replace(gpus=4)
    found = plan(Stage('a', 10, 0, 0, 0, 0, gpu_seconds=28_800), given)
    assert found[1:] == (2, pytest.approx(1), pytest.approx(6), 'GPUs')
    with_gpus = {stage.name: stage for stage in stages(1e6, given)}
    without = {stage.name: stage for stage in stages(1e6, EASY)}
    assert with_gpus['features'].gpu_seconds == pytest.approx(1e6 / given.gpu_forward)
    assert with_gpus['features'].core_seconds == pytest.approx(1e6 / given.load)
    assert without['features'].gpu_seconds == 0
    assert with_gpus['shrink'] == without['shrink']


def test_what_stages_need():
    given = Assumptions(
        *(100, 10, 10, 5, 4, 8, 1, 1, 2, 3, 5, 1000, 100, 7, 6),
        train_images=400,
        shard_images=50,
    )
    labels, shrink, features, training, cleaning = stages(200, given)
    assert labels == ('labels', 4, 400 * 3, 200 * 5, 4, 4, 0, True)
    assert shrink == ('shrink', 20, 200_000, 20_000, 200, 200, 0, True)
    assert features == ('features', pytest.approx(60), 20_000, 1400, 200, 4, 0, True)
    assert training == ('training', 100, 1400, 0, 4, 0, 0, False)  # each image twice
    assert cleaning == ('cleaning', 25, 1400 + 1000, 1200, 4, 4, 0, True)
    assert stages(800, given)[3][1:5] == (100, 400 * 7, 0, 8)  # half of the images


def test_the_page_shows_what_the_command_prints():
    page = (REPO / 'docs/planning.md').read_text()
    numbers = (10e6, 100e6, 1e9, 10e9)
    assert table(numbers, Assumptions()) in page
    assert table(numbers, Assumptions(gpus=1, price=2.0)) in page
