"""The features of a project: by a backbone, or from a file of its own."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional

import numpy as np

from mmnoisy.datasets.feature_bank import FeatureBank, as_half, find_images, take_features
from mmnoisy.datasets.label_index import LabelIndex
from mmnoisy.datasets.project import Project
from mmnoisy.engine.config import load_config
from mmnoisy.engine.feature_extraction import Layout
from mmnoisy.engine.feature_sets import build_model, extract_sets
from mmnoisy.errors import InputError
from mmnoisy.io.arrays import open_array
from mmnoisy.io.atomic import atomic_path, write_json
from mmnoisy.io.texts import Texts, concatenate
from mmnoisy.wording import counted

BLOCK = 4096
_MEND = 'give an array (N, D) of numbers that numpy.save has written'


def finished(project: Project, made_of: Mapping[str, Any], subsets: List[str]) -> bool:
    """Whether the banks of a project are there, made of the same.

    Raises:
        InputError: they were made of something else.
    """
    path = project.features / 'made_of.json'
    if not path.is_file() or not any((project.features / subset).exists() for subset in subsets):
        return False
    found = json.loads(path.read_text('utf-8'))
    if _kept(project, found) != _kept(project, made_of):
        raise InputError(
            f'{project.features}: holds features that were made otherwise ({_told(found)}); remove '
            'it, and the same command makes them again'
        )
    if not all(_whole(project.features / subset) for subset in subsets):
        return False
    for subset in subsets:
        _gather(project, subset, subsets)
    return True


def _gather(project: Project, subset: str, subsets: List[str]) -> None:
    """Makes the bank of a set anew where images have moved into it from another set."""
    ids = LabelIndex.open(project.index / subset).image_ids
    banks = [FeatureBank.open(project.features / name) for name in subsets]
    own = banks[subsets.index(subset)]
    if (own.image_ids.rows(ids) >= 0).all():
        return
    place = find_images(banks, ids)
    if (place < 0).any():
        first = ids[int(np.argmax(place < 0))]
        raise InputError(
            f'{project.features}: has no features of {first}; remove it, and the same command '
            'makes them again'
        )
    folder = project.features / subset
    with atomic_path(folder.with_name(f'{subset}.new')) as part:
        bank = FeatureBank.create(part, ids, 1, own.features.shape[2], own.provenance)
        for begin in range(0, len(ids), BLOCK):
            where = np.arange(begin, min(begin + BLOCK, len(ids)))
            bank.write(where, take_features(banks, place[where], 0 * where)[:, None])
    shutil.rmtree(folder)
    os.replace(folder.with_name(f'{subset}.new'), folder)


def keep_made_of(project: Project, made_of: Mapping[str, Any]) -> None:
    """Writes down what the banks are made of, before the first one is begun."""
    project.features.mkdir(parents=True, exist_ok=True)
    write_json(project.features / 'made_of.json', _kept(project, made_of))


def _kept(project: Project, made_of: Mapping[str, Any]) -> Dict[str, Any]:
    """With the paths of files as a project keeps them."""
    return {
        key: project.kept(value) if isinstance(value, str) and os.path.isabs(value) else value
        for key, value in made_of.items()
    }


def extract_features(project: Project, num_workers: int = 1) -> None:
    """By the backbone that the config of the project names.

    Raises:
        InputError: its weights cannot be had, or a picture cannot be read.
    """
    cfg = load_config(project.config)
    backbone = cfg.model.backbone
    try:
        model = build_model(cfg, None)
    except InputError:
        raise
    except Exception as error:  # of any library on the way to a hub, or of a file of weights
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip('.')
        name = backbone.get('model_name', backbone.type)
        given = backbone.get('checkpoint_path')
        if given:
            raise InputError(
                f'{given}: are no weights of {name} ({reason}); give those that timm has for it'
            ) from error
        raise InputError(
            f'--backbone {name}: its weights cannot be fetched ({reason}); give a file of them '
            'with --weights (docs/faq.md#its-weights-cannot-be-fetched)'
        ) from error
    for _ in extract_sets(model, cfg, project.features, Layout(num_workers=num_workers)):
        pass


def import_features(project: Project, file: Path, order: Optional[Path]) -> None:
    """Writes the banks of a project from an array of features.

    Args:
        project: with its label indexes.
        file: of NumPy, (N, D); a row for each image.
        order: a text file with the id of each row, one a line; None: the rows are in the order of
            the ids of all images of the project, sorted as texts.

    Raises:
        InputError: a file cannot be used, or lacks an image.
    """
    array = open_rows(file)
    indexes = {subset: one for subset, one in project.indexes().items() if len(one)}
    ids = {subset: one.image_ids for subset, one in indexes.items()}
    names = concatenate([*ids.values()]).sorted_once()
    if order is not None:
        names = _lines(order)
    if len(names) != len(array):
        what = f'{order} has' if order is not None else 'the project has'
        raise InputError(
            f'{file}: has {counted(len(array), "row")}, and {what} {counted(len(names), "image")}; '
            'give one row for each, and with --feature-ids FILE the ids that they are of'
        )
    for subset, of_set in ids.items():
        rows = names.rows(of_set)
        if (rows < 0).any():
            raise InputError(
                f'{order}: lacks {counted(int((rows < 0).sum()), "image")} of '
                f'{project.index / subset}, the first is {of_set[int(np.argmax(rows < 0))]}; give '
                'a row for each'
            )
        given = dict(weights=f'{file.name} {array.shape} {array.dtype}', subset=subset)
        bank = FeatureBank.create(
            project.features / subset, indexes[subset].image_ids, 1, array.shape[1], given
        )
        for begin in range(0, len(rows), BLOCK):
            where = np.arange(begin, min(begin + BLOCK, len(rows)))
            features = np.asarray(array[rows[where]], np.float32)
            bank.write(where, as_half(features, str(file))[:, None])


def open_rows(file: Path) -> np.ndarray:
    """The features (N, D) of a file, mapped into memory.

    Raises:
        InputError: it is missing or holds something else.
    """
    array = open_array(file, _MEND)
    if array.ndim != 2 or array.dtype.kind not in 'fiu' or not array.size:
        raise InputError(f'{file}: holds {array.dtype} of shape {array.shape}; {_MEND}')
    return array


def _lines(path: Path) -> Texts:
    try:
        lines = path.read_text('utf-8').splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f'{path}: cannot be read ({error}); give a text file in UTF-8, an id a line'
        ) from error
    twice = len(lines) - len({*lines})
    if twice:
        raise InputError(f'{path}: has {counted(twice, "id")} twice; give each once')
    return Texts.of(lines)


def _whole(folder: Path) -> bool:
    """Whether a bank is there and finished."""
    try:
        FeatureBank.open(folder)
    except InputError:
        return False
    return True


def _told(found: Mapping[str, Any]) -> str:
    return ', '.join(f'{key} {value}' for key, value in found.items() if value is not None)
