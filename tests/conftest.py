"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
# Parallel workers are told a width; what commands print is checked as wide as they print it into a file.
os.environ.pop("COLUMNS", None)

REPOSITORY = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Programs on other backends take long: each starts a framework of its own and compiles everything anew."""
    for item in items:
        if item.get_closest_marker("backends"):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with real data sets in official layouts; the test is skipped where there is none."""
    folder = Path(os.environ.get("DEBLUR_ZOO_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no real data here (set DEBLUR_ZOO_DATA to a folder with reds/, gopro/, cifar10/, ...)")
    return folder
