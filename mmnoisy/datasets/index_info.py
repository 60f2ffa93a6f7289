"""The JSON of a label index (pure)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List

WHAT = 'label index'
VERSIONS = (2, 1)  # the ids were numbers in the first


def own_info(classes: List[str], source: str, subset: str = '') -> Dict[str, Any]:
    """The JSON of an index whose ids are the names of pictures and whose classes have no MIDs.

    Args:
        classes: their names.
        source: where they come from.
        subset: of the images.
    """
    return {
        'classes': classes,
        'class_names': classes,
        'class_categories': [],
        'class_list': source,
        'path_template': '{id}',
        'subset': subset,
        'files': [],
    }


def write_info(folder: Path, shapes: Dict[str, List[int]], info: Dict[str, Any]) -> None:
    """Writes the JSON beside the arrays of an index.

    Args:
        folder: of the index.
        shapes: of the arrays, by name.
        info: of a :class:`LabelIndex`.
    """
    head = {'format': f'mmnoisy {WHAT}', 'version': VERSIONS[0], 'shapes': shapes}
    rest = {key: value for key, value in info.items() if key not in head}
    text = json.dumps({**head, **rest}, indent=1, ensure_ascii=False)
    (folder / 'index.json').write_text(text, 'utf-8')
