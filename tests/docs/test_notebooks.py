"""The notebooks, run from above to below in an empty folder."""

import json

import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import REPO
from page_lines import Shell, run_notebook

NOTEBOOKS = REPO / 'docs/notebooks'


@pytest.fixture
def folder(tmp_path):
    """A folder that stands where the notebooks do."""
    plt.switch_backend('agg')
    (tmp_path / 'examples').symlink_to(REPO / 'docs/examples')
    (tmp_path / 'notebooks').mkdir()
    return tmp_path / 'notebooks'


@pytest.mark.slow
def test_tags_and_checks(folder, small_network):
    found = run_notebook(NOTEBOOKS / 'tags_and_checks.ipynb', Shell(folder, small_network))
    assert {*found['cleaned']} <= {*found['tags']}
    assert sum(found['counts'].values()) > 0
    assert found['found']['method']


@pytest.mark.slow
def test_embeddings(folder):
    pytest.importorskip('sklearn')
    found = run_notebook(NOTEBOOKS / 'embeddings.ipynb', Shell(folder))
    assert np.count_nonzero(found['better']) <= np.count_nonzero(found['Y'][found['test']])
    assert len(found['first']['row']) == 50


@pytest.mark.parametrize('path', sorted(NOTEBOOKS.glob('*.ipynb')), ids=lambda path: path.stem)
def test_notebooks_are_small_and_name_their_lexer(path):
    """Without it the site cannot colour shell lines, and says so in warnings."""
    assert path.stat().st_size < 150_000
    language = json.loads(path.read_text())['metadata']['language_info']
    assert language == {'name': 'python', 'pygments_lexer': 'ipython3'}
