"""Experiments in a file: options from TOML, which count after those of the command line, and the file that repeats."""

from __future__ import annotations

import tomllib

import pytest

from benchmarks.run import config
from benchmarks.run.__main__ import main
from benchmarks.run.asking import request_of
from benchmarks.run.parser import build_parser, parsed
from benchmarks.run.plan import plan_all

pytestmark = pytest.mark.usefixtures("samples")

EVERYTHING = """
model = ["carlo", "atrous/tiny"]
dataset = "cifar10"
sample = true
steps = 8
batch-size = 2
crop = 32
loss = "charbonnier"
seed = 7
no-noise = true
resume = false
results = "somewhere"
"""


@pytest.fixture
def file(tmp_path):
    """Writes a file of options."""

    def write(text):
        path = tmp_path / "experiment.toml"
        path.write_text(text)
        return path

    return write


def options(*arguments):
    return vars(parsed([str(each) for each in arguments])) | {"config": None}


def test_a_file_is_a_command_line(file):
    words = "--model carlo,atrous/tiny --dataset cifar10 --sample --steps 8 --batch-size 2 --crop 32 --loss charbonnier"
    words += " --seed 7 --no-noise --results somewhere"
    assert options("--config", file(EVERYTHING)) == options(*words.split())


def test_several_seeds_are_a_list(file):
    path = file("model = 'carlo'\ndataset = 'cifar10'\nseed = [1, 2]")
    assert options("--config", path)["seed"] == (1, 2)
    assert options("--config", path, "--seed", 3, 4)["seed"] == (3, 4)


def test_the_command_line_counts(file):
    found = options(
        "--config", file(EVERYTHING), "--model", "kaist", "--seed", 1, "--epochs", 2, "--data-root", "there"
    )
    assert (found["model"], found["seed"], found["epochs"], found["steps"]) == (("kaist",), (1,), 2, None)
    assert (found["sample"], str(found["data_root"])) == (False, "there")
    found = options(f"--config={file(EVERYTHING)}", "--steps=9")
    assert found["steps"] == 9


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("stepz = 8", "there is no option 'stepz' (did you mean 'steps'?)"),
        ("batch_size = 8", "there is no option 'batch_size' (did you mean 'batch-size'?)"),
        ("config = 'other.toml'", "there is no option 'config'"),
        ("sample = 'yes'", 'sample must be true or false, not "yes"'),
        ("steps = true", "steps must be a number, not true"),
        ("steps = '8'", 'steps must be a number, not "8"'),
        ("steps = 8.5", "argument --steps: must be a whole number of at least 1, not '8.5'"),
        ("steps = -1", "argument --steps: must be a whole number of at least 1, not '-1'"),
        ("model = 3", 'model must be a text, like "reds", not 3'),
        ("model = ['carlo', 3]", "model must be a text"),
        ("model = []", "model must be a text"),
        ("protocol = ['full', 'val300']", "protocol must be one text, not"),
        ("profile = 'fast'", "argument --profile: invalid choice: 'fast'"),
        ("seed = 2026-01-01", "seed must be a number, not"),
        ("seed = []", "seed must be a number, not []"),
        ("steps = [1, 2]", "steps must be a number, not [1, 2]"),
        ("[training]\nsteps = 8", "training is a table; write every option on a line of its own"),
        ("steps = ", "not TOML (Invalid value (at "),
        ("steps = 8\nsteps = 9", "not TOML (Cannot overwrite a value"),
    ],
)
def test_refusals(file, refused, tmp_path, text, words):
    path = file(text)
    asked = ("--config", path, "--dataset", "cifar10", "--results", tmp_path / "results")
    line = refused(main, *asked, *([] if "model" in text else ["--model", "carlo"]))
    assert words in line
    assert str(path) in line or "argument --" in line


def test_a_file_that_cannot_be_read(refused, tmp_path):
    for path in (tmp_path / "none.toml", tmp_path):
        assert f"{path}: " in refused(main, "--config", path)
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    assert "bytes.toml: not TOML" in refused(main, "--config", tmp_path / "bytes.toml")
    assert "expected one argument" in refused(main, "--config")


def test_what_is_still_missing(file, refused):
    assert "the following arguments are required: --dataset" in refused(main, "--config", file("model = 'carlo'"))


def experiments(*arguments):
    return plan_all(request_of(parsed([str(each) for each in arguments])))


def test_every_experiment_of_a_grid_is_repeated_by_its_file(tmp_path):
    """Those of baselines too, which take no options of training."""
    text = "--model carlo,atrous/tiny,wiener --dataset cifar10 --sample --steps 8 --crop 32 --loss charbonnier --seed 7"
    asked = [
        *text.split(),
        "--precision",
        "mixed_bfloat16",
        "--limit",
        "3",
        "--resume",
        "--results",
        tmp_path / 'a "b"',
    ]
    for one in experiments(*asked):
        config.save(one)
        (path,) = (tmp_path / 'a "b"' / "configs").glob(f"*--{one.model}--{one.variant}--{one.key}.toml")
        assert path.stem.startswith("cifar10--full--")
        again = [each for each in experiments("--config", path) if each.model == one.model]
        assert [(each.key, each.training_key, each.folder) for each in again] == [
            (one.key, one.training_key, one.folder)
        ]


def test_what_is_written_is_what_was_asked_for_and_what_may_change(tmp_path):
    asked = ("--model", "carlo", "--dataset", "cifar10", "--sample", "--no-warp", "--restart", "--results", tmp_path)
    request = request_of(build_parser().parse_args([str(each) for each in asked if each != "--no-warp"]))
    (one,) = (each for each in plan_all(request) if each.model == "carlo")
    assert tomllib.loads(config.text_of(one)) == {
        "model": "carlo/tiny",
        "dataset": "cifar10",
        "sample": True,
        "results": str(tmp_path),
        "seed": 42,
        "profile": "quick",
        "protocol": "full",
    }


def test_texts_that_toml_must_quote(tmp_path):
    for text in ('a "b" \\ c', "ä\t\n", "del\x7f", "🙂"):
        assert tomllib.loads(f"x = {config._toml(text)}") == {"x": text}
    assert tomllib.loads(f"x = {config._toml(['a', 'b'])}\ny = {config._toml(True)}\nz = {config._toml(1e-5)}") == {
        "x": ["a", "b"],
        "y": True,
        "z": 1e-5,
    }
