"""When the components are registered: now if MMEngine is there, else with the first look-up.

A config imports ``mmnoisy`` by ``custom_imports`` when MMEngine has long been imported. Where
``mmnoisy`` came first, its tools that read no config are to start without PyTorch: the registries
of MMPretrain then learn, as soon as they exist, that there is one more module to look into.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Optional, Sequence

COMPONENTS = 'mmnoisy.components'
_REGISTRY = 'mmpretrain.registry'


def prepare() -> None:
    """Registers the components, or sees to it that they will be."""
    if 'mmengine' in sys.modules:
        import_module(COMPONENTS)
    else:
        sys.meta_path.insert(0, _RegistryFinder())


class _RegistryFinder(MetaPathFinder):
    """Finds MMPretrain's registries, once, and adds ours to where they look for components."""

    def find_spec(
        self, fullname: str, path: Optional[Sequence[str]], target: Optional[ModuleType] = None
    ) -> Optional[ModuleSpec]:
        if fullname != _REGISTRY:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(fullname)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                for registry in vars(module).values():
                    _add_location(registry)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _add_location(registry: Any) -> None:
    locations = getattr(registry, '_locations', None)
    if isinstance(locations, list):
        locations.append(COMPONENTS)
