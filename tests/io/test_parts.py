"""Parts of a long run, where something happens to their folder."""

import shutil

import numpy as np
import pytest

from mmnoisy import InputError
from mmnoisy.io.shards import Blocks


def test_a_part_does_not_bring_back_a_folder_that_has_gone(tmp_path):
    parts = Blocks(tmp_path / 'parts', {}, 2)
    parts.write(0, np.arange(3))
    shutil.rmtree(tmp_path / 'parts')  # as the run does that has put them together
    with pytest.raises(InputError, match='has gone while a part of it was computed'):
        parts.write(1, np.arange(3))
    assert not (tmp_path / 'parts').exists()
