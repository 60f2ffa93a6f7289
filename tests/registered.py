"""The components of ours in MMPretrain's registries, for tests that look at all of a kind."""

import mmpretrain.registry
import pytest

import mmnoisy.components  # noqa: F401, registers them


def ours(registry):
    """The components of ours in a registry, by name."""
    registered = getattr(mmpretrain.registry, registry).module_dict
    return {
        name: component
        for name, component in registered.items()
        if component.__module__.split('.')[0] == 'mmnoisy'
    }


def build(registry, name, **settings):
    return getattr(mmpretrain.registry, registry).build(dict(type=f'mmpretrain.{name}', **settings))


def every(registry, settings):
    """Runs a test for every component of a registry that has settings."""
    return pytest.mark.parametrize('name', sorted({*ours(registry)} & {*settings[registry]}))


def check_settings(registry, settings, file):
    """All components have settings in a test file, and nothing else has."""
    for name, component in ours(registry).items():
        assert name in settings[registry], (
            f'{name} of {component.__module__} has no settings here: add what builds a small one '
            f'to SETTINGS[{registry!r}] of {file}, and every test of its kind will look at it'
        )
    assert {*settings[registry]} == {*ours(registry)}


def filled(settings, **fields):
    """The settings with the names of folders in them."""
    if isinstance(settings, dict):
        return {key: filled(value, **fields) for key, value in settings.items()}
    if isinstance(settings, (list, tuple)):
        return type(settings)(filled(value, **fields) for value in settings)
    return settings.format(**fields) if isinstance(settings, str) else settings
