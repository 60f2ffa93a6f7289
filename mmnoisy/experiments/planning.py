"""What many pictures take: machines, hours, bytes, requests and money of every stage (pure).

A stage takes as long as the slowest of what it needs: the cores and GPUs of its machines, their
network, and the requests that the object store answers. It gets so many machines that it ends
within ``hours``, if that is possible and the stage can be shared.
"""

from __future__ import annotations

from math import ceil
from typing import Dict, List, NamedTuple, Sequence


class Assumptions(NamedTuple):
    """What is known or assumed; rates are a second, prices in dollars.

    Attributes:
        label_rows: rows of a label file that a core indexes.
        shrink: pictures that a core shrinks to a shorter edge of 342.
        load: shrunk pictures that a core loads and crops.
        forward: pictures of 299 pixels that a core takes through Inception-v3.
        train: images whose features a core trains the joint model on, 6,012 classes.
        clean: images whose features a core cleans the labels of.
        gpu_forward: as ``forward``, of a GPU; not measured.
        gpu_train: as ``train``, of a GPU; not measured.
        labels: of a picture.
        row_bytes: of a label in a file.
        index_bytes: of a picture and its labels in an index.
        full_bytes: of a picture.
        shrunk_bytes: of a shrunk picture.
        feature_bytes: of a picture in a bank, 2,048 float16.
        cleaned_bytes: of the cleaned labels of a picture.
        train_images: seen in a training, the paper's 4 M batches of 32.
        shard_images: pictures in a shard.
        cores: of a machine.
        gpus: of a machine.
        network: bytes between a machine and the store.
        gets: that a prefix of the store answers; and ``puts``.
        puts: see ``gets``.
        prefixes: over which the pictures are spread, as by ``{id:.2}/{id}.jpg``.
        hours: in which a stage is to end.
        price: of a machine for an hour.
        get_price: of 1,000 GETs.
        put_price: of 1,000 PUTs.
    """

    label_rows: float = 3.9e6
    shrink: float = 190
    load: float = 1150
    forward: float = 5.4
    train: float = 680
    clean: float = 1050
    gpu_forward: float = 1000
    gpu_train: float = 16_000
    labels: float = 8.8
    row_bytes: float = 38
    index_bytes: float = 88
    full_bytes: float = 232e3
    shrunk_bytes: float = 48e3
    feature_bytes: float = 4096
    cleaned_bytes: float = 88
    train_images: float = 128e6
    shard_images: float = 2048
    cores: float = 16
    gpus: float = 0
    network: float = 1.25e9
    gets: float = 5500
    puts: float = 3500
    prefixes: float = 100
    hours: float = 24
    price: float = 0.8
    get_price: float = 0.0004
    put_price: float = 0.005


class Stage(NamedTuple):
    """What a stage needs, all pictures together.

    Attributes:
        name: of it.
        core_seconds: on a core.
        read: bytes from the store.
        written: bytes to it.
        gets: requests.
        puts: requests.
        gpu_seconds: on a GPU.
        shared: whether many machines can do it.
    """

    name: str
    core_seconds: float
    read: float
    written: float
    gets: float
    puts: float
    gpu_seconds: float = 0
    shared: bool = True


class Planned(NamedTuple):
    """What a stage takes.

    Attributes:
        stage: what it needs.
        machines: at work at once.
        hours: from its begin to its end.
        cost: dollars, of machines and requests.
        slowest: what it waits for.
    """

    stage: Stage
    machines: int
    hours: float
    cost: float
    slowest: str


def stages(pictures: float, given: Assumptions) -> List[Stage]:
    """From label files and pictures in an object store to cleaned labels of all of them.

    Args:
        pictures: their number.
        given: with GPUs these do what they can.
    """
    shards = pictures / given.shard_images
    bank = pictures * given.feature_bytes
    rows = pictures * given.labels
    index = pictures * given.index_bytes
    seen = min(pictures, given.train_images) * given.feature_bytes
    on_gpu = given.gpus > 0
    forward = 0 if on_gpu else 1 / given.forward
    return [
        Stage('labels', rows / given.label_rows, rows * given.row_bytes, index, shards, shards),
        Stage(
            'shrink',
            pictures / given.shrink,
            pictures * given.full_bytes,
            pictures * given.shrunk_bytes,
            pictures,
            pictures,
        ),
        Stage(
            'features',
            pictures * (1 / given.load + forward),
            pictures * given.shrunk_bytes,
            bank,
            pictures,
            shards,
            pictures / given.gpu_forward if on_gpu else 0,
        ),
        Stage(
            'training',
            0 if on_gpu else given.train_images / given.train,
            seen,
            0,
            seen / bank * shards,
            0,
            given.train_images / given.gpu_train if on_gpu else 0,
            shared=False,
        ),
        Stage(
            'cleaning',
            pictures / given.clean,
            bank + index,
            pictures * given.cleaned_bytes,
            shards,
            shards,
        ),
    ]


def plan(stage: Stage, given: Assumptions) -> Planned:
    """Machines, time and money of a stage."""
    alone = {
        'cores': stage.core_seconds / given.cores,
        'GPUs': stage.gpu_seconds / given.gpus if given.gpus else 0,
        'network': (stage.read + stage.written) / given.network,
    }
    machines = 1
    if stage.shared:
        machines = max(1, ceil(max(alone.values()) / 3600 / given.hours))
    seconds = {name: value / machines for name, value in alone.items()}
    seconds['requests'] = (stage.gets / given.gets + stage.puts / given.puts) / given.prefixes
    slowest = max(seconds, key=lambda name: seconds[name])
    hours = seconds[slowest] / 3600
    requests = (stage.gets * given.get_price + stage.puts * given.put_price) / 1000
    return Planned(stage, machines, hours, machines * hours * given.price + requests, slowest)


def table(numbers: Sequence[float], given: Assumptions) -> str:
    """The plans for some numbers of pictures, in Markdown."""
    lines = [
        '| pictures | stage | machines | hours | machine-hours | read | written | GETs | PUTs '
        '| cost | slowest |',
        '|---|---|--:|--:|--:|--:|--:|--:|--:|--:|---|',
    ]
    for number in numbers:
        rows = [plan(stage, given) for stage in stages(number, given)]
        for row in rows:
            lines.append(_line(_count(number), row))
        hours, cost = (sum(getattr(row, name) for row in rows) for name in ('hours', 'cost'))
        used = sum(row.machines * row.hours for row in rows)
        cells = [_count(number), 'all', '', _short(hours), _short(used), *[''] * 4]
        lines.append(f'| {" | ".join([*cells, f"${cost:,.0f}", ""])} |'.replace('  ', ' '))
    return '\n'.join(lines)


def _line(pictures: str, row: Planned) -> str:
    stage = row.stage
    cells = [
        *(pictures, stage.name, f'{row.machines:,}', _short(row.hours)),
        *(_short(row.machines * row.hours), _count(stage.read, 'B'), _count(stage.written, 'B')),
        *(_count(stage.gets), _count(stage.puts), f'${row.cost:,.0f}', row.slowest),
    ]
    return f'| {" | ".join(cells)} |'


def _short(number: float) -> str:
    if number < 0.05:
        return '< 0.1'
    return f'{number:,.0f}' if number >= 10 else f'{number:.1f}'


def _count(number: float, unit: str = '') -> str:
    """Such as 2.3 TB, or 10 M."""
    names: Dict[str, Sequence[str]] = {
        '': ('', ' k', ' M', ' bn'),
        'B': (' B', ' kB', ' MB', ' GB'),
    }
    steps = [*names[unit], *((' TB', ' PB') if unit else ())]
    power = 0
    while number >= 999.5 and power + 1 < len(steps):
        number, power = number / 1000, power + 1
    return f'{number:.3g}{steps[power]}'
