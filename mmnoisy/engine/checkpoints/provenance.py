"""What a checkpoint says of its own training: the config, and the checkpoint that came before."""

from __future__ import annotations

import ast
import os
from typing import Any, Optional

from mmengine.config import Config

from mmnoisy.engine.checkpoints.reading import checkpoint_file, read_checkpoint

_NUMBERS = ('inf', 'nan')


def config_of(checkpoint: str) -> Optional[Config]:
    """The config that a checkpoint was trained with; None where it does not say that.

    No code of the file runs: its text is read as names and literals.

    Raises:
        InputError: the file is damaged or is no checkpoint.
    """
    if not os.path.isfile(checkpoint):
        return None
    text = (read_checkpoint(checkpoint).get('meta') or {}).get('cfg')
    if not isinstance(text, str):
        return None
    try:
        values = {}
        for line in ast.parse(text).body:
            if not isinstance(line, ast.Assign) or not isinstance(line.targets[0], ast.Name):
                return None
            values[line.targets[0].id] = _value(line.value)
        return Config(values) if values else None
    except (TypeError, ValueError, SyntaxError, RecursionError):
        return None


def config_text(cfg: Config) -> str:
    """The text of a config as :func:`config_of` reads it; MMEngine takes a second for its own."""
    return '\n'.join(f'{name} = {value!r}' for name, value in cfg.to_dict().items())


def start_of(cfg: Config) -> Optional[str]:
    """The path of the checkpoint that a training began with, '' for none.

    Returns:
        None where that is not known: a run was resumed that did not say so.
    """
    if cfg.get('resume'):
        return cfg.get('began_with')
    return checkpoint_file(cfg.load_from) if cfg.get('load_from') else ''


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == 'dict':
        if node.args or not all(word.arg for word in node.keywords):
            raise ValueError('is no dictionary of names')
        return {word.arg: _value(word.value) for word in node.keywords}
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values)
        return {ast.literal_eval(key): _value(value) for key, value in pairs if key is not None}
    if isinstance(node, (ast.List, ast.Tuple)):
        found = [*map(_value, node.elts)]
        return tuple(found) if isinstance(node, ast.Tuple) else found
    if isinstance(node, ast.Name) and node.id in _NUMBERS:
        return float(node.id)
    return ast.literal_eval(node)
