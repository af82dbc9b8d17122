"""The wheel, built and installed into an environment of its own, beside another package that is called `datasets`."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

import zoo

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(ROOT)], check=True, capture_output=True)
    (made,) = folder.glob("*.whl")
    return made


class Environment:
    """An environment that sees the libraries of this one, but not the checkout."""

    def __init__(self, folder):
        venv.create(folder, with_pip=False, symlinks=True)
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        self.packages = folder / "lib" / version / "site-packages"
        (self.packages / "libraries.pth").write_text(sysconfig.get_path("purelib"))
        self.scripts, self.python = folder / "bin", folder / "bin" / "python"
        self.work = folder / "work"
        self.work.mkdir()

    def install(self, wheel):
        self.run(self.python, "-m", "pip", "install", "--no-deps", "--quiet", "--no-index", wheel)

    def run(self, *command, status=0):
        names = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "COLUMNS")}
        done = subprocess.run(
            list(map(str, command)), cwd=self.work, env=names, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == status, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def command(self, *arguments, status=0):
        return self.run(self.scripts / "deblur-zoo", *arguments, status=status)


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory):
    made = Environment(tmp_path_factory.mktemp("environment"))
    other = made.packages / "datasets"
    other.mkdir()
    (other / "__init__.py").write_text("OWNER = 'another package'\n")
    made.install(wheel)
    return made


def test_it_holds_one_package_with_all_data_files(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"deblur_zoo"}
    for package in ("common", "zoo", "datasets", "benchmarks"):
        for path in (ROOT / package).rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                assert f"deblur_zoo/{path.relative_to(ROOT).as_posix()}" in names
    assert {"deblur_zoo/py.typed", "deblur_zoo/results/published.csv"} <= set(names)


def test_another_package_called_datasets_stays(environment):
    code = "import datasets, deblur_zoo; print(datasets.OWNER, deblur_zoo.datasets.info('reds').name)"
    assert environment.run(environment.python, "-c", code) == "another package reds\n"


def test_what_is_offered_at_the_top(environment):
    code = (
        "import deblur_zoo, sys; print(deblur_zoo.__version__, deblur_zoo.list_models('unet*'), "
        "'keras' in sys.modules, deblur_zoo.info('atrous').name, deblur_zoo.benchmarks.__name__)"
    )
    found = environment.run(environment.python, "-c", code)
    assert found == "0.1.0 ['unet1', 'unet2', 'unet3'] False atrous deblur_zoo.benchmarks\n"


def test_a_file_saved_under_one_name_loads_under_the_other(environment, tmp_path):
    model = zoo.create("nafnet", "tiny")
    zoo.save(model, tmp_path / "checkout.keras")
    image = np.random.default_rng(0).random((32, 40, 3), np.float32)
    np.save(tmp_path / "image.npy", image)
    code = (
        "import sys, numpy as np, deblur_zoo\n"
        "from deblur_zoo import zoo\n"
        f"model = deblur_zoo.load({str(tmp_path / 'checkout.keras')!r})\n"
        f"sharp = deblur_zoo.restore(model, np.load({str(tmp_path / 'image.npy')!r}))\n"
        f"np.save({str(tmp_path / 'sharp.npy')!r}, sharp)\n"
        f"zoo.save(model, {str(tmp_path / 'wheel.keras')!r})\n"
    )
    environment.run(environment.python, "-c", code)
    expected = zoo.restore(model, image)
    np.testing.assert_allclose(np.load(tmp_path / "sharp.npy"), expected, atol=1e-6)
    np.testing.assert_allclose(zoo.restore(zoo.load(tmp_path / "wheel.keras"), image), expected, atol=1e-6)


def test_commands(environment):
    assert environment.command("--version") == "deblur-zoo 0.1.0\n"
    assert "restore" in environment.command("--help")
    assert "invalid choice" in environment.command("retore", status=2)
    assert "nafnet" in environment.command("list")
    assert "photo-small" in environment.command("weights", "list")
    assert "kohler" in environment.command("datasets", "list")
    assert "deblur-zoo run --model" in environment.command("run", "--help")
    image = np.random.default_rng(0).integers(0, 256, (40, 48, 3), np.uint8)
    cv2.imwrite(str(environment.work / "photo.png"), image)
    environment.command("restore", "photo.png", "--weights", "photo-small")
    assert cv2.imread(str(environment.work / "photo-restored.png")).shape == image.shape
    assert "deblur-zoo datasets list" in environment.command(
        "run", "--model", "identity", "--dataset", "gopro", "--data-root", ".", status=2
    )


def test_results_go_to_the_current_folder(environment):
    environment.command("run", "--model", "identity", "--dataset", "reds", "--sample", "--images", "1")
    results = environment.work / "results"
    assert len(list((results / "runs").glob("*.json"))) == 1
    assert "identity" in environment.command("leaderboard")
    environment.command("tables", "--paper", "bologna")
    assert (results / "tables" / "bologna.md").is_file()
    environment.command("report")
    assert (results / "report" / "index.html").is_file()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("deblur-zoo lead", {"leaderboard "}),
        ("deblur-zoo run --train-o", {"--train-on "}),
        ("deblur-zoo restore --comp", {"--compare "}),
        ("deblur-zoo datasets ver", {"verify "}),
        ("deblur-zoo datasets verify --da", {"--dataset "}),
    ],
)
def test_completions(environment, line, expected, tmp_path, monkeypatch):
    out = tmp_path / "completions"
    for name, value in {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(out),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "COMP_TYPE": "9",
    }.items():
        monkeypatch.setenv(name, value)
    environment.command()
    assert set(out.read_text().split("\n")) == expected
