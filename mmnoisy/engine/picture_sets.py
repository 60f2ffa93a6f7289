"""Which pictures a folder, a project or a config has, and what size a config needs."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Sequence

from mmengine.config import Config

from mmnoisy.datasets import SUBSETS, LabelIndex
from mmnoisy.datasets.pictures.decoding import suffixes
from mmnoisy.datasets.pictures.paths import is_inside
from mmnoisy.datasets.project import Project
from mmnoisy.datasets.sources.names import list_pictures
from mmnoisy.engine.sets import SETS, index_folder, set_config
from mmnoisy.errors import InputError
from mmnoisy.io.texts import Texts, concatenate

_BLOCK = 2**16
_CROPS = (
    *('RandomResizedCrop', 'LoadRandomResizedCrop', 'MAERandomResizedCrop'),
    *('RandomResizedCropAndInterpolationWithTwoPic',),
    *('EfficientNetRandomCrop', 'EfficientNetCenterCrop'),
)


class Pictures(NamedTuple):
    """Pictures by their paths below a folder, and those whose names are no UTF-8."""

    root: Path
    names: Texts
    unsaid: Sequence[str] = ()
    others: int = 0
    """Files of the folder that are no pictures by their names."""


def needed_edge(cfg: Config) -> int:
    """The shorter edge that pictures need for a config: the largest of its pipelines.

    A resize needs its own size; a random crop 8/7 of it, as 256 pixels are usual for crops of 224,
    and 342 for 299.

    Raises:
        InputError: a pipeline does not begin with a resize.
    """
    edges = []
    for subset, name in SETS.items():
        for step in set_config(cfg, subset).get('pipeline', ()) if cfg.get(name) else ():
            kind = step['type'].rpartition('.')[2]
            if 'Crop' in kind or 'Resize' in kind:
                edges.append(_edge(cfg, kind, step))
                break
    if not edges:
        raise InputError(
            f'{cfg.filename}: does not say the size of its pictures; give it with --short-edge'
        )
    return max(edges)


def _edge(cfg: Config, kind: str, step: Mapping[str, Any]) -> int:
    scale = step.get('scale', step.get('crop_size'))
    edge = max(scale) if isinstance(scale, (list, tuple)) else scale
    if edge and kind in ('Resize', 'ResizeEdge'):
        return int(edge)
    if edge and kind in _CROPS:
        return -(-int(edge) * 8 // 7)
    raise InputError(
        f'{cfg.filename}: {kind} depends on the size of the pictures; say with --short-edge what '
        'they are to be shrunk to'
    )


def pictures_of_folder(folder: Path) -> Pictures:
    """All pictures below a folder, by the endings of their names.

    Raises:
        InputError: there is none.
    """
    files, names, unsaid = list_pictures(str(folder), suffixes())
    return _any(Pictures(folder, names, unsaid, len(files) - len(names)), folder)


def pictures_of_project(project: Project) -> Pictures:
    """The pictures of the three sets of a project, as they were before they were shrunk.

    Raises:
        InputError: it has none.
    """
    root = project.info.get('original_pictures') or project.pictures
    if root is None:
        raise InputError(f'{project.folder}: has features in place of pictures; nothing to shrink')
    template = project.info.get('path_template')
    sets = (project.index / subset for subset in SUBSETS)
    names = (
        name
        for folder in sets
        if folder.is_dir()
        for name in _names(LabelIndex.open(folder), [template] if template else [], Path(root))
    )
    return _any(Pictures(Path(root), _texts(names)), project.folder)


def pictures_of_config(cfg: Config) -> Pictures:
    """The pictures of the three sets of a config, below its ``data_root``.

    Raises:
        InputError: they are below several folders, or there is none.
    """
    parts: Dict[Path, List[Texts]] = {}
    inside = True
    for subset in (subset for subset, name in SETS.items() if cfg.get(name)):
        own = set_config(cfg, subset)
        if 'pipeline' not in own:
            raise InputError(f'{cfg.filename}: is on features; give a config on pictures')
        root, prefix = Path(own['data_root']).expanduser(), own.get('data_prefix') or ''
        prefix = prefix.get('img_path', '') if isinstance(prefix, dict) else prefix
        templates = own.get('path_template') or []
        templates = [templates] if isinstance(templates, str) else templates
        inside = inside and is_inside(os.path.join(prefix, 'name'))
        names = _names(LabelIndex.open(index_folder(own)), templates, root / prefix)
        below = _texts(os.path.join(prefix, name) for name in names)
        parts.setdefault(root, []).append(below)
    if len(parts) != 1 or not inside:
        raise InputError(
            f'{cfg.filename}: its pictures are not below one data_root; shrink their folders one '
            'by one, with --short-edge'
        )
    ((root, of_sets),) = parts.items()
    return _any(Pictures(root, concatenate(of_sets)), root)


def options_for(cfg: Config, folder: Path) -> List[str]:
    """What ``--cfg-options`` says so that a config finds its pictures in another folder.

    Args:
        cfg: that :func:`pictures_of_config` takes.
        folder: of the same pictures, under the same names.
    """
    sets = {name: set_config(cfg, subset) for subset, name in SETS.items() if cfg.get(name)}
    indexes = {name: index_folder(own).absolute() for name, own in sets.items()}
    if cfg.get('data_root') and cfg.get('index'):
        return [f'data_root={folder}', f'index={next(iter(indexes.values())).parent}']
    return [
        option
        for name, index in indexes.items()
        for option in (f'{name}.data_root={folder}', f'{name}.ann_file={index}')
    ]


def _names(index: LabelIndex, templates: Sequence[str], folder: Path) -> Iterator[str]:
    """The pictures of an index; of several templates the first under which there is a file."""
    for row in range(len(index)) if index.usable is None else index.usable:
        names = [index.picture(int(row), template) for template in templates or [index.template]]
        yield next((one for one in names[:-1] if (folder / one).exists()), names[-1])


def _texts(names: Iterator[str]) -> Texts:
    """Names in a few arrays, never all of them as Python's texts."""
    blocks: List[Texts] = []
    while not blocks or len(blocks[-1]):
        blocks.append(Texts.of(islice(names, _BLOCK)))
    return concatenate(blocks)


def _any(pictures: Pictures, where: Path) -> Pictures:
    if not len(pictures.names):
        raise InputError(f'{where}: has no pictures; give a folder, a project or a config with any')
    return pictures
