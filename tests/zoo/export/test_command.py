"""`python -m zoo export`: refusals in one line before any work, and the table at the end."""

from __future__ import annotations

from importlib import util

import pytest

import zoo
from zoo.__main__ import main
from zoo.commands import export
from zoo.export import base

UNET = ["unet1/tiny", "--untrained"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give a model, or --weights"),
        (["unet1", "--weights", "a.keras"], "give a model, or --weights"),
        (["unet1/tiny"], "unet1/tiny has fresh weights, which restore nothing; give --weights, or --untrained"),
        (["unet"], "unknown model 'unet' (did you mean 'unet3'?)"),
        (["unet1/tini"], "unet1 has no variant 'tini' (did you mean 'tiny'?)"),
        (["--weights", "maxim-gopr"], "maxim-gopro"),
        (["--weights", "maxim-gopro"], "the weights maxim-gopro are not here; fetch them"),
        (["--weights", "./missing.keras"], "missing.keras: no such model file"),
        (["--weights", "./missing.keras", "--untrained"], "--untrained with --weights: leave one of them out"),
        ([*UNET, "--size", "9"], "must be height x width in pixels, such as 720x1280, not '9'"),
        ([*UNET, "--format", "coreml"], "invalid choice: 'coreml'"),
        ([*UNET, "-o", "taken.onnx"], "taken.onnx exists; take another name, or --overwrite to replace it"),
        ([*UNET, "-o", "a.tflite"], "a.tflite: ONNX files end in .onnx; name it a.onnx"),
        ([*UNET, "-o", "folder.onnx", "--overwrite"], "folder.onnx is no file; take another name"),
        ([*UNET, "--format", "openvino", "-o", "a.xml"], "a.xml: OpenVINO is a folder; leave .xml out"),
        (
            [*UNET, "--format", "savedmodel", "-o", "full", "--overwrite"],
            "full is no SavedModel folder (saved_model.pb",
        ),
        ([*UNET, "--format", "all", "-o", "taken.onnx"], "taken.onnx is no folder; --format all writes several files"),
    ],
)
def test_refuses_in_one_line_before_any_work(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEBLUR_ZOO_CACHE", str(tmp_path / "cache"))
    (tmp_path / "taken.onnx").write_text("mine")
    (tmp_path / "folder.onnx").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    before = sorted(tmp_path.rglob("*"))
    usual = [] if "--format" in arguments else ["--format", "onnx"]
    usual += [] if "-o" in arguments else ["-o", "a.onnx"]
    # Whatever is built or read would be too early.
    monkeypatch.setattr("zoo.commands.export._model", None)
    try:
        status = main(["export", *arguments, *usual])
    except SystemExit as ended:
        status = ended.code
    assert status == 2
    said = capsys.readouterr().err
    assert message in said and said.startswith("error: ") and said.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_names_missing_packages_and_what_installs_them(tmp_path, monkeypatch, capsys):
    found = util.find_spec
    monkeypatch.setattr(base, "find_spec", lambda name: None if "onnx" in name else found(name))
    assert main(["export", *UNET, "--format", "onnx", "-o", str(tmp_path / "a.onnx")]) == 2
    assert capsys.readouterr().err == (
        "error: onnx needs tf2onnx, onnx, onnxruntime, not installed here; pip install -e '.[export]'\n"
    )


def test_writes_and_prints_a_table(tmp_path, capsys):
    weights = tmp_path / "mine.keras"
    zoo.save(zoo.create("identity"), weights)
    path = tmp_path / "mine"
    arguments = ["export", "--weights", str(weights), "--format", "savedmodel", "-o", str(path)]
    assert main(arguments) == 0
    said = capsys.readouterr()
    assert said.err.splitlines()[-1] == "identity/image as savedmodel: converting and comparing"
    head, row, *_ = said.out.splitlines()
    assert head.split()[:5] == ["format", "file", "MB", "takes", "differs"]
    assert row.split()[:2] == ["savedmodel", str(path)]
    assert row.split()[3:7] == ["any", "size", "0.0e+00", "256x256"]
    assert (path / "saved_model.pb").is_file()
    assert main(arguments) == 2
    assert main([*arguments, "--overwrite"]) == 0


def test_writes_all_formats_that_can(tmp_path, capsys, monkeypatch):
    kinds = {name: kind for name, kind in export.FORMATS.items() if name in ("savedmodel", "litert")}
    monkeypatch.setattr(export, "FORMATS", kinds)
    monkeypatch.setattr(base, "find_spec", lambda name: True)
    assert main(["export", "wiener/text", "--format", "all", "-o", str(tmp_path / "new")]) == 0
    said = capsys.readouterr()
    assert "left out: litert cannot do wiener/text: LiteRT has no Fourier transform of complex numbers\n" in said.err
    assert [each.name for each in (tmp_path / "new").iterdir()] == ["wiener--text-savedmodel"]
    assert main(["export", "wiener/text", "--format", "litert", "-o", str(tmp_path / "a.tflite")]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("error: litert cannot do wiener/text")


def test_another_backend_is_refused(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("keras.backend.backend", lambda: "jax")
    assert main(["export", "identity", "--format", "savedmodel", "-o", str(tmp_path / "a")]) == 2
    assert capsys.readouterr().err == (
        "error: export needs Keras on TensorFlow, and it runs on jax; unset KERAS_BACKEND\n"
    )
