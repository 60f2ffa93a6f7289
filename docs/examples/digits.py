"""Writes the demo's digits as pictures and CSV files, as they would come from a user.

    python docs/examples/digits.py digits

makes digits/photos (small pictures of one to three handwritten digits), digits/tags.csv (what a
weak classifier says of each) and digits/checked.csv (verdicts on its labels for the last pictures).
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from mmnoisy.datasets import LabelIndex
from mmnoisy.datasets.open_images_demo import make_demo
from mmnoisy.io.atomic import atomic_folder, write_csv

PICTURES, CHECKED = 2400, 600


def write_digits(out: Path, pictures: int = PICTURES, checked: int = CHECKED) -> None:
    """Writes photos, tags.csv and checked.csv.

    Args:
        out: folder to write.
        pictures: how many in all.
        checked: how many of them have verdicts.
    """
    with tempfile.TemporaryDirectory() as folder, atomic_folder(out) as new:
        demo = Path(folder, 'demo')
        make_demo(demo)
        (new / 'photos').mkdir()
        tags, verdicts = [], []
        number = 0
        for subset, count in (('train', pictures - checked), ('test', checked)):
            index = LabelIndex.open(demo / 'index' / subset)
            names = index.info['class_names']
            for row in range(count):
                number += 1
                name = f'{number:04d}.jpg'
                shutil.copy(demo / subset / f'{index.image_ids[row]}.jpg', new / 'photos' / name)
                label, confidence = index.noisy.row(row)
                tags += [(name, names[k], f'{c:.1f}') for k, c in zip(label, confidence)]
                label, present = index.verdicts.row(row)
                verdicts += [(name, names[k], int(p)) for k, p in zip(label, present)]
        write_csv(new / 'tags.csv', ('picture', 'label', 'confidence'), tags)
        write_csv(new / 'checked.csv', ('picture', 'label', 'present'), verdicts)


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit('usage: python docs/examples/digits.py FOLDER')
    write_digits(Path(sys.argv[1]))
