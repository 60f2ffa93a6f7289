"""XML documents, element by element: entities and half files are refused."""

from __future__ import annotations

from typing import Any, Callable, Dict
from xml.parsers import expat

from mmnoisy.errors import InputError


def parse_xml(
    data: bytes,
    path: str,
    start: Callable[[str, Dict[str, str]], None],
    end: Callable[[str], None],
    text: Callable[[str], None],
) -> None:
    """Goes through a document.

    Args:
        data: all of the file.
        path: to name it.
        start: is given the name and the attributes of an element where it begins.
        end: is given its name where it ends.
        text: is given text between.

    Raises:
        InputError: it is no whole XML, or has a DOCTYPE.
    """

    def refuse(*_: Any) -> None:
        # Entities blow up to any size, and name other files.
        raise InputError(
            f'{path}: holds a DOCTYPE, which no tool for annotations writes; export it again'
        )

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    try:
        parser.Parse(data, True)
    except InputError:
        raise
    except (expat.ExpatError, LookupError, ValueError) as error:  # also of its encoding
        raise InputError(f'{path}: is no whole XML file ({error}); export it again') from error
