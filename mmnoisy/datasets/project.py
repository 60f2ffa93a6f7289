"""A project: the folder in which everything about one's own pictures stands.

.. code-block:: none

    PROJECT
    ├── project.json    where the pictures are, and how the files of labels were understood
    ├── index           train (T), validation (V), test
    ├── columns.parquet what else the file of noisy labels says of its images
    ├── features        their feature banks
    ├── config.py       what is trained
    ├── model           its work dir
    ├── choice.json     what mmnoisy run has found
    └── ...             runs, cleaned labels, pages
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Optional

from mmnoisy.datasets import SUBSETS
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.io.arrays import read_info
from mmnoisy.io.atomic import write_json

WHAT = 'project'
VERSIONS = (1,)
MEND = 'make it with mmnoisy import PICTURES --labels FILE --verified FILE --out PROJECT'


class Project:
    """The paths of a project and what its import says.

    Attributes:
        folder: of it.
        info: of ``project.json``: ``pictures``, the folder of the pictures, see :meth:`kept`;
            ``noisy`` and ``verified``, the layouts of the files of labels.
    """

    def __init__(self, folder: Path, info: Dict[str, Any]) -> None:
        self.folder, self.info = Path(folder), info

    @classmethod
    def open(cls, folder: Path) -> Project:
        """Opens a project.

        Raises:
            InputError: there is none.
        """
        return cls(folder, read_info(Path(folder) / 'project.json', WHAT, VERSIONS, MEND))

    def write(self) -> None:
        """Writes ``project.json``, which comes last: a folder with it is a whole project."""
        head = {'format': f'mmnoisy {WHAT}', 'version': VERSIONS[0]}
        write_json(self.folder / 'project.json', {**head, **self.info})

    @property
    def pictures(self) -> Optional[Path]:
        """The folder of the pictures; None where there are only features."""
        folder = self.info['pictures']
        return None if folder is None else self.folder / folder

    def kept(self, path: str | Path) -> str:
        """A path as a project keeps it: from its folder on if it lies there, else absolute.

        So a project may be moved; its folder before the path is the path again.
        """
        path, folder = Path(path).resolve(), self.folder.resolve()
        return str(path.relative_to(folder) if folder in path.parents else path)

    @property
    def index(self) -> Path:
        """The folder of the three label indexes."""
        return self.folder / 'index'

    def indexes(self) -> Dict[str, LabelIndex]:
        """Its label indexes by the names of :data:`mmnoisy.datasets.SUBSETS`; test may be missing.

        Raises:
            InputError: one cannot be opened, or T or V is missing.
        """
        folders = {subset: self.index / subset for subset in SUBSETS}
        return {
            subset: LabelIndex.open(folder)
            for subset, folder in folders.items()
            if subset != 'test' or folder.exists()
        }

    @property
    def columns(self) -> Path:
        """The further columns of the file of noisy labels, where it has any."""
        return self.folder / 'columns.parquet'

    @property
    def features(self) -> Path:
        """The folder of their feature banks."""
        return self.folder / 'features'

    @property
    def config(self) -> Path:
        """The config of the model."""
        return self.folder / 'config.py'

    @property
    def model(self) -> Path:
        """The work dir of the model."""
        return self.folder / 'model'

    @property
    def parts(self) -> Path:
        """The cleaning networks of the parts of T."""
        return self.model / 'parts'

    @property
    def cleaner(self) -> Path:
        """Their config."""
        return self.parts / 'cleaner.py'

    @property
    def choice(self) -> Path:
        """What its run has found."""
        return self.folder / 'choice.json'

    def class_rows(self) -> List[Dict[str, Any]]:
        """The figures of each class that its run has found; none before."""
        if not self.choice.is_file():
            return []
        return json.loads(self.choice.read_text('utf-8')).get('classes', [])
