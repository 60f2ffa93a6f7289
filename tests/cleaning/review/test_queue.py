"""Names that a spreadsheet would run, in the files of the queue."""

import csv

import numpy as np
from made_index import make_labels

from mmnoisy.cleaning.pairs import PAIR
from mmnoisy.cleaning.review.queue import Queue, write_queue
from mmnoisy.datasets.release.files import ReleaseFile
from mmnoisy.datasets.release.index_builder import read_verdicts
from mmnoisy.io.spreadsheet import from_text


def test_no_cell_is_a_formula_and_verdicts_come_back(tmp_path):
    index = make_labels(20, 3, 'train', 0)
    index.info.update(classes=['=1+1', '@x', '/m/2'], class_names=['=1+1', '', 'Dog'])
    pairs = np.zeros(3, PAIR)
    pairs['image'], pairs['label'] = [4, 5, 6], [0, 1, 2]
    write_queue(Queue(pairs, np.ones(3), np.ones(3)), index, tmp_path)
    with open(tmp_path / 'review.csv', newline='') as file:
        rows = [*csv.DictReader(file)]
    assert [row['DisplayName'] for row in rows] == ["'=1+1", "'@x", 'Dog']
    assert [from_text(row['LabelName']) for row in rows] == index.classes
    filled = (tmp_path / 'verdicts.csv').read_text().replace(',\n', ',1\n')
    (tmp_path / 'filled.csv').write_text(filled)
    verdicts, account = read_verdicts(
        ReleaseFile(tmp_path / 'filled.csv'), index.image_ids, index.classes
    )
    assert account['kept'] == 3
    assert [verdicts.row(row)[0].tolist() for row in (4, 5, 6)] == [[0], [1], [2]]
