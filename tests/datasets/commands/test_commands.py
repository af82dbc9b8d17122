"""`python -m datasets`."""

import json
import subprocess
import sys

import pytest

import datasets
from datasets.__main__ import main
from datasets.readers.hdc import parse_steps


def run(*arguments):
    return subprocess.run([sys.executable, "-m", "datasets", *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["verify", "--help"], ["prepare", "--dataset", "reds"], ["nonsense"]]
)
def test_help_and_bad_arguments(arguments):
    done = run(*arguments)
    assert done.returncode == (0 if "--help" in arguments else 2)
    if "--help" in arguments:
        assert "usage: python -m datasets" in done.stdout
    else:
        assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1


def test_nothing_heavy_is_imported_before_it_is_needed():
    code = (
        "import sys, datasets, datasets.__main__; "
        "print([m for m in ('cv2', 'scipy', 'skimage', 'h5py', 'PIL', 'rich', 'tensorflow', 'keras', 'matplotlib') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_list_shows_every_data_set(capsys):
    assert main(["list"]) == 0
    shown = capsys.readouterr().out
    for name in datasets.list_datasets():
        assert f"\n{name} " in shown
    assert "train 2,103, test 1,111" in shown
    assert "https://www.cs.toronto.edu/~kriz/cifar.html" in shown


def test_list_of_one_says_what_to_put_where(capsys):
    assert main(["list", "kohler"]) == 0
    shown = capsys.readouterr().out
    assert datasets.info("kohler").layout in shown
    assert "test 48" in shown


def test_list_as_json(capsys):
    assert main(["list", "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)
    assert [entry["name"] for entry in entries] == datasets.list_datasets()
    gopro = entries[datasets.list_datasets().index("gopro")]
    assert gopro["splits"] == {"train": 2103, "test": 1111}
    assert gopro["frame_size"] == [720, 1280]
    assert main(["list", "div2k", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["protocols"] == []


def test_verify_exit_codes(layouts, capsys):
    layouts.hide()
    arguments = ["verify", "--dataset", "hide", "--root", str(layouts.root)]
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    assert "train: 2 pairs, subset 2/6397" in shown
    assert shown.endswith("no problems\n")
    (layouts.root / "GT/1.png").unlink()
    assert main(arguments) == 1
    shown = capsys.readouterr().out
    assert "problem: train/1.png: blurry image without a sharp one\n" in shown
    assert shown.endswith("1 problem\n")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["list", "gorpo"], "error: unknown data set 'gorpo' (did you mean 'gopro'?); choose from cifar10"),
        (["verify", "--dataset", "reds", "--root", "/none"], "error: reds: data root /none is not a folder"),
        (["sample", "--dataset", "reds,hid", "--out", "/none"], "error: unknown data set 'hid' (did you mean 'hide'?)"),
        (["prepare", "--dataset", "x", "--root", "/none"], "error: unknown data set 'x'"),
    ],
)
def test_bad_input_is_one_line(arguments, line, capsys):
    assert main(arguments) == 2
    streams = capsys.readouterr()
    assert streams.out == ""
    assert streams.err.startswith(line)
    assert streams.err.count("\n") == 1


def test_a_broken_file_is_one_line_in_a_real_process(layouts):
    layouts.hide()
    layouts.root.joinpath("GT/1.png").write_bytes(b"")
    done = run("verify", "--dataset", "hide", "--root", str(layouts.root))
    assert done.returncode == 1
    assert "problem: GT/1.png: empty file; fetch this file again" in done.stdout
    assert done.stderr == ""


def test_interrupting_is_quiet(monkeypatch, capsys, layouts):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(datasets, "verify", interrupted)
    assert main(["verify", "--dataset", "hide", "--root", str(layouts.root)]) == 130
    assert capsys.readouterr().err == "stopped by Ctrl-C; finished work is kept\n"


def test_a_sample_is_built_and_verified(tmp_path, capsys):
    assert main(["sample", "--dataset", "cifar10,div2k", "--out", str(tmp_path), "--seed", "7"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown == [
        f"cifar10: sample in {tmp_path / 'cifar-10-batches-py'}",
        f"div2k: sample in {tmp_path / 'DIV2K'}",
    ]
    for name in ("cifar10", "div2k"):
        assert main(["verify", "--dataset", name, "--root", str(tmp_path)]) == 0
        assert "pairs, sample" in capsys.readouterr().out
        assert datasets.load(name, tmp_path).coverage == "sample"


def test_the_sample_of_hdc_has_the_steps_and_counts_asked_for(tmp_path, capsys):
    command = ["sample", "--dataset", "hdc", "--out", str(tmp_path), "--blur-steps", "0,2", "--per-font", "2,1"]
    assert main(command) == 0
    train, test = (datasets.load("hdc", tmp_path, split=split) for split in ("train", "test"))
    assert [pair.metadata["step"] for pair in train] == [0] * 4 + [2] * 4
    assert len(test) == 4
    capsys.readouterr()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--blur-steps", "0-11"], "the sample has steps from 0 to 10"),
        (["--blur-steps", "0-20"], "blur steps '0-20': give steps from 0 to 19"),
        (["--blur-steps", "5-3"], "blur steps '5-3'"),
        (["--blur-steps", "x"], "blur steps 'x'"),
        (["--per-font", "0"], "take 1 to 9999"),
        (["--per-font", "1,2,3"], "--per-font 1,2,3: give one number, or two like 20,5"),
        (["--psf-file", "missing.npz"], "missing.npz"),
    ],
)
def test_bad_options_of_the_hdc_sample_are_one_line(tmp_path, capsys, options, message):
    assert main(["sample", "--dataset", "hdc", "--out", str(tmp_path / "out"), *options]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(("text", "steps"), [("5", [5]), ("0-3", [0, 1, 2, 3]), ("7, 0-1,7", [0, 1, 7]), ("19", [19])])
def test_texts_that_name_steps(text, steps):
    assert parse_steps(text) == steps
