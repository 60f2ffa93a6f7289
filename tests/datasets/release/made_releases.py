"""Random releases in every published layout, as files and as the slow reader has them."""

import gzip
import hashlib
import io
import tarfile
from pathlib import Path

from hypothesis import strategies as st
from slow_reader import read_images, read_subset

CLASSES = ['/m/0b', '/m/0a', '/g/1c']
LONG = 'ImageID,Source,LabelName,Confidence'
IMAGES = 'ImageID,Subset,OriginalURL,Title'

# Subset -> (machine, human, images), the class list, and how the archives are called.
LAYOUTS = {
    'v1': (
        'machine_ann_2016_08/{}/labels.csv',
        'human_ann_2016_08/{}/labels.csv',
        'images_2016_08/{}/images.csv',
        '2016_08/labelmap.txt',
        ('machine_ann_2016_08_v3', 'human_ann_2016_08_v3', 'images_2016_08_v5', 'model_2016_08'),
    ),
    'v2': (
        '2017_07/{}/annotations-machine.csv',
        '2017_07/{}/annotations-human.csv',
        '2017_07/{}/images.csv',
        '2017_07/classes-trainable.txt',
        (
            'annotations_machine_2017_07',
            'annotations_human_2017_07',
            'images_2017_07',
            'classes_2017_07',
        ),
    ),
    'v4': (
        '2018_04/{0}/{0}-annotations-machine-imagelabels.csv',
        '2018_04/{0}/{0}-annotations-human-imagelabels.csv',
        '2018_04/{0}/{0}-images-with-rotation.csv',
        '2018_04/classes-trainable.txt',
        (),
    ),
    'v5': (
        'v5/{}-annotations-machine-imagelabels.csv',
        'v5/{}-annotations-human-imagelabels.csv',
        '2018_04/{0}/{0}-images-with-rotation.csv',
        'v5/classes-trainable.txt',
        (),
    ),
    'v6': (
        'v5/{}-annotations-machine-imagelabels.csv',
        'v5/{}-annotations-human-imagelabels.csv',
        'v6/oidv6-{}-images-with-rotation.csv',
        'v6/oidv6-classes-trainable.txt',
        (),
    ),
    'v7': (
        'v7/oidv7-{}-annotations-machine-imagelabels.csv',
        'v7/oidv7-{}-annotations-human-imagelabels.csv',
        'v6/oidv6-{}-images-with-rotation.csv',
        'v7/oidv7-classes-trainable.txt',
        (),
    ),
}
LAYOUTS['v3'] = tuple(
    part.replace('2017_07', '2017_11')
    if isinstance(part, str)
    else tuple(name.replace('2017_07', '2017_11') for name in part)
    for part in LAYOUTS['v2']
)

IDS = {'train': range(1, 9), 'validation': range(2**63, 2**63 + 12), 'test': range(21, 26)}


def field(text):
    return st.sampled_from([text, text, f'"{text}"', f' {text}'])


def label_lines(subset, kind):
    """Lines of a label file: most usable, some not, in any order, some of them twice."""
    image = st.sampled_from(IDS[subset]).flatmap(
        lambda i: st.sampled_from([f'{i:016x}', f'{i:016X}', f'"{i:016x}"'])
    )
    mid = st.sampled_from([*CLASSES, *CLASSES, '/m/none']).flatmap(field)
    if kind == 'machine':
        source = st.sampled_from(['machine', 'machine', 'verification'])
        confidence = st.sampled_from(['0.5', '0.7', '1', '1.0', ' .9', '1e-1', '2', 'x', ''])
    else:
        source = st.sampled_from(
            ['human', 'verification', 'crowdsource-verification', 'crowdsource-verification']
        )
        confidence = st.sampled_from(['0', '1', '0.0', '1.0', 'no'])
    usable = st.tuples(image, source, mid, confidence).map(','.join)
    broken = st.sampled_from(['', 'a,b', '../../x,machine,/m/0a,1', 'g' * 16 + ',machine,/m/0a,1'])
    return st.lists(st.one_of(*[usable] * 6, broken), max_size=25)


def image_lines(subset):
    other = {'train': 'test', 'validation': 'train', 'test': 'validation'}[subset]
    titles = st.sampled_from(['plain', '"a, quoted ""one"""', '"of two\nlines"'])
    rows = st.tuples(st.sampled_from(IDS[subset]), st.just(subset), titles)
    strange = st.tuples(st.integers(100, 110).map(IDS[subset].stop.__add__), st.just(other), titles)
    return st.lists(st.one_of(rows, rows, strange), min_size=1, max_size=12).map(
        lambda rows: [f'{i:016x},{name},http://x/y.jpg,{title}' for i, name, title in rows]
    )


@st.composite
def releases(draw):
    """Version, and the texts of its files by name; verdicts on train included."""
    version = draw(st.sampled_from(sorted(LAYOUTS)))
    machine, human, images, classes, _ = LAYOUTS[version]
    subsets = ('train', 'validation') if version == 'v1' else tuple(IDS)
    end = draw(st.sampled_from(['\n', '\r\n']))
    header = draw(st.sampled_from([LONG, LONG, LONG.replace('LabelName', 'Label'), '']))
    with_images = draw(st.booleans())
    texts = {classes: CLASSES}
    if version in ('v2', 'v3'):
        texts[classes.replace('classes-trainable.txt', 'class-descriptions.csv')] = ['/m/0a,"A, a"']
    for subset in subsets:
        short = 'val' if (version, subset) == ('v7', 'validation') else subset
        # Enough to be accepted: a usable row in every file, a label present in V and in test.
        sure = {i: f'{i:016x},machine,/m/0a,1' for i in IDS[subset]}
        lines = [sure[IDS[subset][0]], *draw(label_lines(subset, 'machine'))]
        texts[machine.format(short)] = [header, *lines]
        lines = [line.replace('machine', 'human') for line in sure.values()]
        texts[human.format(short)] = [header, *lines, *draw(label_lines(subset, 'human'))]
        if with_images:
            texts[images.format(subset)] = [
                draw(st.sampled_from([IMAGES, 'ImageID,Title'])),
                *[f'{i:016x},{subset},x,y' for i in IDS[subset]],
                *draw(image_lines(subset)),
            ]
    if version == 'v1' and draw(st.booleans()):
        rows = draw(st.lists(st.sampled_from(IDS['validation'][1:]), max_size=9))
        chosen = [IDS['validation'][0], *rows]
        texts['2017_07/validation/images.csv'] = [
            IMAGES,
            *[f'{i:016x},validation,x,y' for i in chosen],
        ]
    mark = draw(st.sampled_from([b'', b'\xef\xbb\xbf']))
    return version, {
        name: mark + end.join(line for i, line in enumerate(lines) if i or line).encode()
        for name, lines in texts.items()
    }


def write(root, version, texts, form):
    """Writes the files unpacked, compressed one by one, or in the release's archives."""
    archives = LAYOUTS[version][4] if form == 'archives' else ()
    for name, text in texts.items():
        # The list of V2 that splits V1 comes from another release.
        other = version == 'v1' and name.startswith('2017_07')
        same = (a for a in archives if _kind(a) == _kind(name) and not other)
        archive = next(same, None)
        path = root / (f'{archive}.tar.gz' if archive else name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if archive:
            members = _members(path) if path.exists() else {}
            with tarfile.open(path, 'w:gz') as tar:
                for member, content in {**members, name: text}.items():
                    info = tarfile.TarInfo(member)
                    info.size = len(content)
                    tar.addfile(info, io.BytesIO(content))
        elif form == 'gz':
            Path(f'{path}.gz').write_bytes(gzip.compress(text))
        else:
            path.write_bytes(text)


def _kind(name):
    return next((kind for kind in ('machine', 'human', 'images') if kind in name), 'classes')


def _members(path):
    with tarfile.open(path) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


def expected(version, root, verdicts_on_train=False):
    """The content of the three sets, by the slow reader, from unpacked files."""
    machine, human, images, classes, _ = LAYOUTS[version]
    mids = (root / classes).read_text('utf-8-sig').split()
    sets = {}
    for subset in IDS:
        short = 'val' if (version, subset) == ('v7', 'validation') else subset
        files = {'machine': root / machine.format(short)}
        if subset != 'train' or verdicts_on_train:
            files['human'] = root / human.format(short)
        if (root / images.format(subset)).exists():
            files['images'] = root / images.format(subset)
        if files['machine'].exists():
            sets[subset] = read_subset(files, mids, subset)
    if 'test' not in sets:
        listed = root / '2017_07/validation/images.csv'
        in_v = read_images(listed, 'validation') if listed.exists() else None
        images = sets.pop('validation')
        sets['validation'], sets['test'] = {}, {}
        for image, labels in images.items():
            digest = hashlib.sha256(f'{image:016x}'.encode()).hexdigest()
            chosen = image in in_v if in_v is not None else digest[0] in '0123'
            sets['validation' if chosen else 'test'][image] = labels
    return sets
