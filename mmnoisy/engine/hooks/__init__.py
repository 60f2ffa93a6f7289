"""Hooks of a run: what it logs, what it saves, what it refuses."""
