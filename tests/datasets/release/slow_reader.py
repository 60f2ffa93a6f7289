"""The label indexes as documented, by the slowest and most obvious code: the tests' oracle."""

import re
from collections import defaultdict

import numpy as np

HUMAN = ('human', 'verification', 'crowdsource-verification')


def lines_of(path):
    """The lines of a file, without a byte order mark; whatever is no ASCII becomes '?'."""
    text = re.sub(b'^\xef\xbb\xbf', b'', path.read_bytes())
    text = re.sub(b'[\x80-\xff]', b'?', text).decode('ascii')
    lines = re.split('\r\n|\n|\r', text)
    return lines[:-1] if lines[-1] == '' else lines


def is_blank(line):
    return not line.strip() or line == ',,,'


def unquote(field):
    field = field.strip(' \t\n\r\x0b\x0c')
    return field[1:-1] if field[:1] == '"' == field[-1:] else field


def number(text):
    try:
        return float(text) if '_' not in text else None
    except ValueError:
        return None


def verdict(text):
    words = dict(true=1, yes=1, false=0, no=0)
    value = words.get(text.lower(), number(text))
    return value if value in (0, 1, -1) else None


def read_labels(path, classes, kind):
    """``[(image id, class, source, confidence)]``, all images named, and the number of rows."""
    header, *lines = lines_of(path)
    if header == 'ImageID,Confidence:Labels...':
        wide, lines = lines, []
        for line in wide:
            image, *labels = line.split(',')
            for confidence, _, mid in (label.partition(':') for label in labels):
                lines.append(f'{image},machine,{mid},{confidence}')
    elif re.fullmatch('[0-9a-fA-F]{16}', header.split(',')[0]):
        lines = [header, *lines]
    rows, images = [], set()
    for line in lines:
        fields = [unquote(field) for field in line.split(',')]
        if len(fields) != 4 or not re.fullmatch('[0-9a-fA-F]{16}', fields[0]):
            continue
        image, source, mid, confidence = fields
        images.add(int(image, 16))
        value = (number if kind == 'machine' else verdict)(confidence)
        other = source == 'machine' if kind == 'human' else source in HUMAN
        sound = value is not None and (kind == 'human' or 0 <= value <= 1)
        if mid in classes and sound and not other:
            rows.append((int(image, 16), mid, source, np.float32(value)))
    return rows, images, sum(not is_blank(line) for line in lines)


def read_images(path, subset):
    header, *lines = lines_of(path)
    filtered = header.split(',')[1:2] in (['Subset'], ['"Subset"'])
    images = set()
    for line in lines if header.startswith(('ImageID', 'image_id')) else [header, *lines]:
        match = re.match(r'"?([0-9a-fA-F]{16})"?(,"?(\w*)"?(,|$)|,|$)', line)
        if match and (not filtered or match[3] == subset):
            images.add(int(match[1], 16))
    return images


def read_subset(files, classes, subset):
    """``{image: ({class: confidence}, {class: present})}`` of one subset."""
    machine, images, _ = read_labels(files['machine'], classes, 'machine')
    human = []
    if 'human' in files:
        human, more, _ = read_labels(files['human'], classes, 'human')
        images |= more
    if 'images' in files:
        images = read_images(files['images'], subset)
    noisy, votes = defaultdict(dict), defaultdict(lambda: defaultdict(int))
    for image, mid, _, value in machine:
        noisy[image][mid] = max(value, noisy[image].get(mid, 0))
    for image, mid, source, value in human:
        weight = 1 if source == 'crowdsource-verification' else 1024
        votes[image][mid] += weight if value == 1 else -weight
    return {
        image: (noisy[image], {mid: vote >= 0 for mid, vote in votes[image].items()})
        for image in images
    }


def content(index):
    """A label index in the same form."""
    classes, result = index.classes, {}
    for i, image in enumerate(index.image_ids.tolist()):
        noisy = {classes[label]: value for label, value in zip(*index.noisy.row(i))}
        verdicts = {classes[label]: bool(value) for label, value in zip(*index.verdicts.row(i))}
        result[int(image, 16)] = noisy, verdicts
    return result
