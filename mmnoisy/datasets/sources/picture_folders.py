"""A folder for each class, with the pictures of it."""

from __future__ import annotations

import posixpath
from typing import List, Tuple

from mmnoisy.datasets.sources.base import Kind, LabelTable, Options, Source, register
from mmnoisy.datasets.sources.collector import Collector
from mmnoisy.datasets.sources.storage import files_below, is_folder, is_picture

SPLITS = {'train', 'training', 'val', 'valid', 'validation', 'test', 'testing'}
"""Names of folders that are no classes, where all folders at the top have such names."""


@register
class PictureFolders(Source):
    """``photos/cat/1.jpg`` is a cat, and so is ``photos/cat/indoors/1.jpg``.

    An image is named by its path below the folder, its class with it. Pictures beside the
    folders of the classes have no label. Folders such as ``train`` and ``val`` at the top hold
    those of the classes. It is read only: a picture can lie in one folder, and what is learned
    of it would move it.
    """

    name = 'folders'
    title = 'a folder for each class'
    unwritten = 'as a picture can lie in one of them only'

    @classmethod
    def recognises(cls, path: str) -> bool:
        """Looks for pictures in folders of a folder."""
        try:
            return is_folder(path) and any(label for _, label in _labelled(path))
        except Exception:
            return False

    def read(self, path: str, kind: Kind, options: Options) -> LabelTable:
        """Reads labels; see :class:`Source`."""
        collector = Collector(path, kind, options)
        for name, label in _labelled(path):
            if collector.verified and not label:
                continue  # nobody has put it into a folder
            image = collector.image(name)
            if image is not None and label:
                collector.add(image, label, None, f'of {name}')
        return collector.table(format=self.name)


def _labelled(path: str) -> List[Tuple[str, str]]:
    """The pictures, each with its class, '' where it is in no folder of one."""
    pictures = [name for name in files_below(path) if is_picture(name)]
    folders = [posixpath.dirname(name).split('/') for name in pictures]
    splits = {first.lower() for first, *_ in folders if first} <= SPLITS
    return [(name, (one[splits:] or [''])[0]) for name, one in zip(pictures, folders)]
