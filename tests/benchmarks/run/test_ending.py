"""What a run says at its end: files that are there, and commands that can be typed."""

import re
import shlex
from pathlib import Path

import pytest

from tests.support.runs import run

pytestmark = pytest.mark.usefixtures("toy", "empty_cache")
TRAIN = ("--dataset", "gopro", "--steps", "3", "--batch-size", "2", "--crop", "12")


def ending(capfd):
    """What stands behind each word of the last lines, and the commands."""
    text = capfd.readouterr().out
    found = {
        word: Path(path)
        for word, path in re.findall(r"^(weights|record|records|images|leaderboard): +(.+)$", text, re.M)
    }
    return found, [shlex.split(command) for command in re.findall(r"^(?:next:|     ) (python -m .+)$", text, re.M)]


def test_one_training(street, tmp_path, capfd):
    results = tmp_path / "my results"
    command = ("--model", "toy", *TRAIN, "--data-root", street, "--results", results)
    for _ in range(2):
        assert run(*command) == 0
        found, commands = ending(capfd)
        assert set(found) == {"weights", "record", "images", "leaderboard"}
        assert found["weights"].is_file() and found["record"].is_file() and found["leaderboard"].is_file()
        assert found["images"].name == found["record"].stem and any(found["images"].iterdir())
        assert commands == [
            ["python", "-m", "zoo", "restore", "PHOTO", "--weights", str(found["weights"])],
            ["python", "-m", "benchmarks.report", "--results", str(results)],
        ]


def test_a_baseline_has_no_weights(street, tmp_path, capfd):
    assert (
        run("--model", "identity", "--dataset", "gopro", "--data-root", street, "--images", 0, "--results", tmp_path)
        == 0
    )
    found, commands = ending(capfd)
    assert set(found) == {"record", "leaderboard"}
    assert len(commands) == 1


def test_of_a_grid_the_folders(street, tmp_path, capfd):
    command = ("--model", "toy", *TRAIN, "--seed", "0,1", "--data-root", street, "--results", tmp_path)
    assert run(*command) == 0
    found, _ = ending(capfd)
    assert found == {"records": tmp_path / "runs", "leaderboard": tmp_path / "leaderboard.csv"}
