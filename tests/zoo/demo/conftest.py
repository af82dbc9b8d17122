"""Weights for the page's tests, and a page that is served."""

import pytest

import zoo


@pytest.fixture(scope="session")
def weight_files(tmp_path_factory):
    """Model files: one that changes nothing, one that takes blur steps, a real one without notes of its training."""
    folder = tmp_path_factory.mktemp("weights")
    made = {}
    for name, variant, notes in (
        ("identity", "image", {"training": {"steps": 1}}),
        ("refiner", "tiny", {"training": {"steps": 1}}),
        ("unet3", "tiny", None),
    ):
        made[name] = folder / f"{name}.keras"
        zoo.save(zoo.create(name, variant), made[name], notes)
    return made


@pytest.fixture(autouse=True)
def no_weights(nothing_installed):
    """Weights are here only where a test puts them."""
