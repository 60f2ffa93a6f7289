"""A file of verdicts that can be read in two ways: the question names the options of that file."""

import cv2
import numpy as np
import pytest

from mmnoisy.cli.main import main


@pytest.mark.parametrize('wrong', ['verified', 'labels'])
def test_the_question_is_on_the_right_file(tmp_path, monkeypatch, capsys, wrong):
    (tmp_path / 'photos').mkdir()
    cv2.imwrite(str(tmp_path / 'photos/a.jpg'), np.zeros((8, 8, 3), np.uint8))
    plain, asked = 'picture,label\na.jpg,cat\n', 'picture,tag,keyword\na.jpg,cat,dog\n'
    for name in ('labels', 'verified'):
        (tmp_path / f'{name}.csv').write_text(asked if name == wrong else plain)
    monkeypatch.chdir(tmp_path)
    files = ['--labels', 'labels.csv', '--verified', 'verified.csv', '--out', 'own']
    monkeypatch.setattr('sys.argv', ['mmnoisy', 'import', 'photos', *files])
    with pytest.raises(SystemExit):
        main()
    said = capsys.readouterr().err
    option = '--verified-label-column' if wrong == 'verified' else '--label-column'
    assert f'{wrong}.csv: ' in said and f' {option}' in said
