"""What a terminal, a shell or a spreadsheet does to the commands: one line or nothing, never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.records import put

ROOT = Path(__file__).resolve().parents[2]


def command(*arguments, **environment):
    """Runs a command in a process of its own; what was printed stays bytes."""
    names = {name: value for name, value in (os.environ | environment).items() if value is not None}
    line = [sys.executable, "-m", *map(str, arguments)]
    return subprocess.run(line, cwd=ROOT, env=names, capture_output=True, timeout=120)


@pytest.fixture
def folder(tmp_path):
    put(tmp_path / "results", "atrous", 28.0)
    return tmp_path / "results"


class TestATerminal:
    @pytest.mark.parametrize("options", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}], ids=str)
    def test_that_knows_ascii_only(self, folder, options):
        done = command("benchmarks.leaderboard", "--results", folder, **options)
        assert (done.returncode, done.stderr) == (0, b"")
        assert b"atrous/tiny" in done.stdout and done.stdout.isascii()

    def test_a_results_folder_whose_name_is_no_text(self, folder):
        strange = folder.rename(folder.with_name(os.fsdecode(b"r\xe9sultats")))
        done = command("benchmarks.leaderboard", "--results", strange, LC_ALL="C.UTF-8")
        assert (done.returncode, done.stderr) == (0, b"")
        done = command("benchmarks.leaderboard", "--check", "--results", strange / "none")
        assert done.returncode == 2 and done.stderr.count(b"\n") == 1 and b"no such results folder" in done.stderr


@pytest.mark.parametrize("arguments", [("--help",), ("--check",), ()], ids=str)
def test_a_reader_that_goes_away(folder, arguments):
    line = [sys.executable, "-m", "benchmarks.leaderboard", *arguments]
    line += [] if "--help" in arguments else ["--results", str(folder)]
    with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    # Argparse itself swallows the error where Python does not buffer.
    assert process.returncode in ((0, 141) if "--help" in arguments else (141,))


class TestPaths:
    def test_the_home_directory_after_an_equals_sign(self, folder):
        done = command("benchmarks.leaderboard", "--results=~/results", HOME=str(folder.parent))
        assert done.returncode == 0, done.stderr
        assert (folder / "leaderboard.csv").is_file()
        assert not (ROOT / "~").exists()

    @pytest.mark.parametrize("name", ["~nobody-of-that-name/x", "x" * 5000, "loop/x"], ids=["home", "long", "loop"])
    @pytest.mark.parametrize("module", ["leaderboard", "tables", "report"])
    def test_what_no_folder_can_be(self, tmp_path, module, name, capfd):
        (tmp_path / "loop").symlink_to(tmp_path / "loop")
        main = __import__(f"benchmarks.{module}.__main__", fromlist=["main"]).main
        asked = name if name.startswith("~") else str(tmp_path / name)
        assert main(["--results", asked]) == 2
        (line,) = capfd.readouterr().err.splitlines()
        assert line.startswith("error: ")
