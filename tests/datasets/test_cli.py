"""What every command does with whatever a machine or a user gets wrong: one line, or silence, and a status."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from common import cli
from common.errors import FileError
from common.files import cache_folder, expand, write_text
from datasets.__main__ import main

ROOT = Path(cli.__file__).parent.parent


def run(*arguments, **environment):
    """Runs a real process, so that streams and exit status are those that a user meets."""
    variables = {name: value for name, value in (os.environ | environment).items() if value is not None}
    return subprocess.run(
        [sys.executable, "-m", "datasets", *arguments], cwd=ROOT, env=variables, capture_output=True, check=False
    )


def test_a_closed_pipe_is_silent():
    command = f"{sys.executable} -m datasets list --json | head -c 10"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, check=False, text=True)
    assert (done.stdout, done.stderr) == ("[\n  {\n    ", "")


@pytest.mark.parametrize("arguments", [["list"], ["list", "--json"], ["list", "reds"], ["--help"]])
def test_a_pipe_that_nobody_reads_is_silent(arguments):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "datasets", *arguments], cwd=ROOT, stdout=closed, stderr=subprocess.PIPE, check=False
        )
    assert done.stderr == b""
    # argparse keeps the failure to itself where Python does not buffer.
    assert done.returncode == cli.CLOSED_PIPE or arguments == ["--help"]


@pytest.mark.parametrize("environment", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}])
def test_a_terminal_that_knows_ascii_only(environment):
    environment = {"PYTHONCOERCECLOCALE": "0", **environment}
    for arguments in (["list"], ["list", "kohler"], ["list", "--json"]):
        done = run(*arguments, **environment)
        assert (done.returncode, done.stderr) == (0, b"")
        assert b"hler et al. 2012" in done.stdout
    done = run("list", "köhlr", **environment)
    assert done.returncode == 2
    assert done.stderr.isascii()
    assert b"Traceback" not in done.stderr


def test_a_name_in_another_encoding_is_printed(layouts):
    layouts.hide()
    layouts.root.joinpath("GT/1.png").rename(layouts.root / "GT" / os.fsdecode(b"caf\xe9.png"))
    done = run("verify", "--dataset", "hide", "--root", str(layouts.root))
    assert done.returncode == 1
    assert b"problem: GT/caf\\udce9.png: sharp image without a blurry one" in done.stdout
    assert done.stderr == b""


def test_a_tilde_is_the_home_directory_after_an_equals_sign_too(tmp_path):
    done = run("sample", "--dataset=div2k", "--out=~/samples", HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "samples/DIV2K/SAMPLE.json").is_file()
    assert run("verify", "--dataset=div2k", "--root=~/samples", HOME=str(tmp_path)).returncode == 0
    done = run("prepare", "--dataset=div2k", "--root=~/samples", "--out=~/store", HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "store").rglob("*.u8"))
    assert not list(ROOT.glob("~*"))


@pytest.mark.parametrize("variable", ["DEBLUR_ZOO_CACHE", "XDG_CACHE_HOME"])
def test_a_tilde_in_the_cache_variables(tmp_path, monkeypatch, variable):
    for name in ("DEBLUR_ZOO_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache/deblur-zoo"
    monkeypatch.setenv(variable, "~/kept")
    assert cache_folder() == tmp_path / ("kept" if variable.startswith("DEBLUR") else "kept/deblur-zoo")


@pytest.fixture
def homeless(monkeypatch):
    """Nobody's account: no HOME and no entry in the list of users."""

    def nobody(number):
        raise KeyError(number)

    for name in ("HOME", "DEBLUR_ZOO_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)


def test_no_home_directory_is_one_line(homeless, layouts, capsys):
    with pytest.raises(FileError, match="there is no home directory to keep files in; set DEBLUR_ZOO_CACHE"):
        cache_folder()
    with pytest.raises(FileError, match=r"~/x: there is no such home directory; write the path out"):
        expand("~/x")
    assert expand("x") == Path("x")
    layouts.reds("val", "000", [0])
    assert main(["prepare", "--dataset", "reds", "--root", str(layouts.root)]) == 2
    assert main(["verify", "--dataset", "reds", "--root", "~/x"]) == 2
    assert capsys.readouterr().err.count("\n") == 2
    assert main(["prepare", "--dataset", "reds", "--root", str(layouts.root), "--out", str(layouts.root / "s")]) == 0


@pytest.mark.parametrize("root", ["x" * 5000, "loop", "\udcff"])
def test_roots_that_the_system_refuses_are_one_line(tmp_path, monkeypatch, capsys, root):
    monkeypatch.chdir(tmp_path)
    Path("loop").symlink_to("loop")
    for command in ("verify", "prepare"):
        assert main([command, "--dataset", "reds", "--root", root]) == 2
    assert main(["sample", "--dataset", "div2k", "--out", root + "/below"]) in (0, 2)
    assert all(line.startswith("error: ") for line in capsys.readouterr().err.splitlines())


def test_text_that_utf8_cannot_hold_is_written_as_its_number(tmp_path):
    write_text(tmp_path / "a", "caf\udce9 Köhler")
    assert (tmp_path / "a").read_text(encoding="utf-8") == "caf\\udce9 Köhler"


def test_a_file_of_the_longest_name_is_written(tmp_path):
    write_text(tmp_path / ("ö" * 127), "x")
    assert [path.name for path in tmp_path.iterdir()] == ["ö" * 127]
    with pytest.raises(FileError, match=r"cannot write .*: File name too long"):
        write_text(tmp_path / ("x" * 256), "x")
