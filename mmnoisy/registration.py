"""What MMEngine learns of the package: its components, and that it has configs to inherit from.

A config imports ``mmnoisy`` by ``custom_imports`` when MMEngine has long been imported: it learns
at once. Where ``mmnoisy`` came first, its tools that read no config are to start without PyTorch:
MMEngine's configs and the registries of MMPretrain then learn as soon as they exist.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Callable, Optional, Sequence, Tuple

from mmnoisy.config_files import PREFIX, find_config

COMPONENTS = 'mmnoisy.components'
_REGISTRY = 'mmpretrain.registry'
_CONFIG = 'mmengine.config.config'


def prepare() -> None:
    """Registers the components and the configs, or sees to it that they will be."""
    if 'mmengine' in sys.modules:
        import_module(COMPONENTS)
        _add_configs(import_module(_CONFIG))
    else:
        sys.meta_path[:0] = [_After(_REGISTRY, _add_locations), _After(_CONFIG, _add_configs)]


class _After(MetaPathFinder):
    """Finds a module, once, and changes it when it has been executed."""

    def __init__(self, name: str, change: Callable[[ModuleType], None]) -> None:
        self.name = name
        self.change = change

    def find_spec(
        self, fullname: str, path: Optional[Sequence[str]], target: Optional[ModuleType] = None
    ) -> Optional[ModuleSpec]:
        if fullname != self.name:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(fullname)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                self.change(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _add_locations(registries: ModuleType) -> None:
    """Registries find a type in the modules that are their locations."""
    for registry in vars(registries).values():
        locations = getattr(registry, '_locations', None)
        if isinstance(locations, list):
            locations.append(COMPONENTS)


def _add_configs(config: ModuleType) -> None:
    """Lets ``_base_ = 'mmnoisy::NAME'`` name a config; MMEngine knows OpenMMLab's packages only."""
    path_of = config.Config._get_cfg_path

    def path_and_scope(cfg_path: str, filename: str) -> Tuple[str, Optional[str]]:
        if cfg_path.startswith(PREFIX):
            return str(find_config(cfg_path)), None  # its types are in MMPretrain's scope
        return path_of(cfg_path, filename)

    config.Config._get_cfg_path = staticmethod(path_and_scope)
