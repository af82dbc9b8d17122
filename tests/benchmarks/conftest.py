"""Samples, pairs and a toy network for the tests of the benchmarks."""

import pytest

from tests.support import fakes


@pytest.fixture(scope="session")
def sample_cache(tmp_path_factory):
    """A cache folder with small samples of cifar10, reds and kohler."""
    folder = tmp_path_factory.mktemp("cache")
    fakes.build_small_samples(folder)
    return folder


@pytest.fixture(scope="module")
def samples(sample_cache):
    """The cache folder of the small samples, in use for all tests of this file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEBLUR_ZOO_CACHE", str(sample_cache))
        yield sample_cache


@pytest.fixture
def toy():
    """The toy network is in the registry."""
    with fakes.registered_toy():
        yield


@pytest.fixture
def refused(capfd):
    """Runs a command in this process and returns its one line of error, after checking that it is one."""

    def run(main, *arguments):
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as end:
            status = end.code
        lines = capfd.readouterr().err.splitlines()
        assert status == 2
        assert len(lines) == 1, lines
        assert lines[0].startswith("error: ")
        return lines[0]

    return run


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    """A cache folder of the test's own, with nothing in it."""
    monkeypatch.setenv("DEBLUR_ZOO_CACHE", str(tmp_path / "cache"))
