"""Fixtures of the tests of models and their weights."""

import pytest

from zoo.weights import catalogue


@pytest.fixture
def nothing_installed(tmp_path, monkeypatch):
    """No weights are here, neither of this machine nor those that come with the zoo."""
    monkeypatch.setenv("DEBLUR_ZOO_CACHE", str(tmp_path / "cache"))
    others = {entry.name: entry for entry in catalogue.entries() if entry.packaged is None}
    monkeypatch.setattr(catalogue, "_read", lambda: others)
