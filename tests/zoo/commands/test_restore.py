"""`python -m zoo restore`, whole: files in, files out, and what is refused."""

from __future__ import annotations

import json
import math
import zipfile
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

import zoo
from benchmarks import metrics
from tests.support.checkpoints import write_torch_zip
from tests.support.nafnet_files import nafnet_tensors
from zoo.__main__ import main
from zoo.inference import files
from zoo.inference.image_files import Photograph, read_photograph
from zoo.inference.image_output import write_photograph

RNG = np.random.default_rng(0)


def picture(height=24, width=37, channels=3, dtype=np.uint8):
    return RNG.integers(0, np.iinfo(dtype).max + 1, (height, width, channels)).astype(dtype)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Model files: one that changes nothing, one of three frames, one that takes blur steps, a real one."""
    folder = tmp_path_factory.mktemp("weights")
    made = {}
    for name, variant in (("identity", "image"), ("identity", "video"), ("refiner", "tiny"), ("unet3", "tiny")):
        made[f"{name}-{variant}"] = folder / f"{name}-{variant}.keras"
        zoo.save(zoo.create(name, variant), made[f"{name}-{variant}"], {"training": {"steps": 1}})
    return made


@pytest.fixture
def same(weights):
    return str(weights["identity-image"])


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """No weights of this machine."""
    monkeypatch.setenv("DEBLUR_ZOO_CACHE", str(tmp_path / "cache"))


def test_one_file_goes_to_one_file_and_says_where(same, tmp_path, capsys):
    write_photograph(tmp_path / "a.png", Photograph(picture()))
    assert main(["restore", str(tmp_path / "a.png"), "-o", str(tmp_path / "b.png"), "--weights", same]) == 0
    assert np.array_equal(read_photograph(tmp_path / "b.png").pixels, read_photograph(tmp_path / "a.png").pixels)
    streams = capsys.readouterr()
    assert f"{tmp_path / 'a.png'} -> {tmp_path / 'b.png'}" in streams.out
    assert streams.err == ""


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("tile", ["auto", "16"])
def test_every_bit_is_kept_by_a_model_that_changes_nothing(dtype, channels, tile, same, tmp_path):
    for ending in (".png", ".tif"):
        source, target = tmp_path / f"a{ending}", tmp_path / f"b{ending}"
        write_photograph(source, Photograph(picture(50, 41, channels, dtype), picture(50, 41, 1, dtype)[..., 0]))
        assert main(["restore", str(source), "-o", str(target), "--weights", same, "--tile", tile]) == 0
        before, after = read_photograph(source), read_photograph(target)
        assert after.pixels.dtype == dtype
        assert np.array_equal(after.pixels, before.pixels)
        assert np.array_equal(after.alpha, before.alpha)


def test_without_an_output_it_goes_beside_and_never_over_another(same, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_photograph(Path("a.png"), Photograph(picture()))
    for _ in range(3):
        assert main(["restore", "a.png", "--weights", same]) == 0
    assert sorted(each.name for each in tmp_path.iterdir() if each.is_file()) == [
        "a-restored-2.png",
        "a-restored-3.png",
        "a-restored.png",
        "a.png",
    ]


def test_folders_wildcards_and_trees(same, tmp_path, capsys):
    for name in ("in/a.png", "in/deep/er/b.jpg", "in/c.TIF", "in/.hidden.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture()).save(tmp_path / name)
    (tmp_path / "in/notes.txt").write_text("no image")
    run, tree = ["--weights", same], ["--recursive", "--format", "png"]
    assert main(["restore", str(tmp_path / "in"), "-o", str(tmp_path / "flat"), *run]) == 0
    assert main(["restore", str(tmp_path / "in"), "-o", str(tmp_path / "tree"), *tree, *run]) == 0
    assert main(["restore", str(tmp_path / "in"), "--recursive", *run]) == 0
    assert main(["restore", str(tmp_path / "in/*.*"), "-o", str(tmp_path / "wild"), *run]) == 0

    def found(folder):
        return sorted(each.relative_to(tmp_path / folder).as_posix() for each in (tmp_path / folder).rglob("*.*"))

    assert found("flat") == ["a.png", "c.TIF"] == found("wild")
    assert found("tree") == ["a.png", "c.png", "deep/er/b.png"]
    assert found("in-restored") == ["a.png", "c.TIF", "deep/er/b.jpg"]
    assert "3 of 3 restored" in capsys.readouterr().out
    assert main(["restore", str(tmp_path / "in/*.gif"), *run]) == 2


def test_existing_outputs_are_refused_replaced_or_left(same, tmp_path, capsys):
    for name in ("a", "b"):
        write_photograph(tmp_path / f"in/{name}.png", Photograph(picture()))
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a.png").write_text("mine")
    run = ["restore", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--weights", same]
    assert main(run) == 2
    assert capsys.readouterr().err == (
        f"error: {tmp_path}/out/a.png: is there already; replace it with --overwrite, or keep it with --resume\n"
    )
    assert not (tmp_path / "out/b.png").exists()
    assert main([*run, "--resume"]) == 0
    assert "1 of 2 done before, left out" in capsys.readouterr().out
    assert (tmp_path / "out/a.png").read_text() == "mine"
    assert (tmp_path / "out/b.png").exists()
    assert main([*run, "--resume"]) == 0
    assert main([*run, "--overwrite"]) == 0
    assert read_photograph(tmp_path / "out/a.png").pixels.shape == (24, 37, 3)


def test_one_damaged_file_is_one_line_and_the_others_go_on(same, tmp_path, capsys):
    folder = tmp_path / "in"
    for name in "abcd":
        write_photograph(folder / f"{name}.png", Photograph(picture()))
    (folder / "b.png").write_bytes((folder / "b.png").read_bytes()[:300])
    (folder / "c.png").write_bytes(b"")
    assert main(["restore", str(folder), "-o", str(tmp_path / "out"), "--weights", same]) == 1
    streams = capsys.readouterr()
    assert [line.split(":")[0] for line in streams.err.splitlines()] == ["failed", "failed"]
    assert f"failed: {folder}/c.png: the file is empty" in streams.err
    assert "2 of 4 restored" in streams.out
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == ["a.png", "d.png"]


def test_before_and_after_are_compared_and_scored(same, tmp_path, capsys):
    sharp, blurred = picture(32, 40), picture(32, 40)
    write_photograph(tmp_path / "sharp.png", Photograph(sharp))
    write_photograph(tmp_path / "a.png", Photograph(blurred))
    run = ["restore", str(tmp_path / "a.png"), "-o", str(tmp_path / "b.png"), "--weights", same]
    assert main([*run, "--compare", "--sharp", str(tmp_path / "sharp.png")]) == 0
    out = capsys.readouterr().out
    expected = f"PSNR {metrics.psnr(blurred, sharp):.2f} dB, SSIM {metrics.ssim(blurred, sharp):.4f}"
    assert [f"  before  {expected}", f"  after   {expected}"] == out.splitlines()[2:4]
    panels = np.asarray(Image.open(tmp_path / "b-compare.png"))
    assert panels.shape == (32, 3 * 40 + 2 * 2, 3)
    assert np.array_equal(panels[:, :40], blurred)
    assert np.array_equal(panels[:, -40:], sharp)
    write_photograph(tmp_path / "other.png", Photograph(picture(9, 9)))
    assert main([*run, "--overwrite", "--sharp", str(tmp_path / "other.png")]) == 1
    assert "is 9x9 pixels, the blurred image 40x32" in capsys.readouterr().err


def test_ctrl_c_leaves_whole_files_and_one_line(same, tmp_path, monkeypatch, capsys):
    for name in "abc":
        write_photograph(tmp_path / f"in/{name}.png", Photograph(picture()))
    real, calls = files.restore, []

    def interrupted(*arguments, **options):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*arguments, **options)

    monkeypatch.setattr(files, "restore", interrupted)
    assert main(["restore", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--weights", same]) == 130
    assert capsys.readouterr().err == "stopped by Ctrl-C; finished work is kept\n"
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["a.png"]


def test_mistakes_of_this_program_are_not_hidden_among_damaged_files(same, tmp_path, monkeypatch):
    write_photograph(tmp_path / "a.png", Photograph(picture()))
    monkeypatch.setattr(files, "restore", lambda *arguments, **options: {}["a mistake"])
    with pytest.raises(KeyError):
        main(["restore", str(tmp_path / "a.png"), "--weights", same])


def test_memory_that_does_not_suffice_is_one_line(same, tmp_path, monkeypatch, capsys):
    def exhausted(*arguments, **options):
        raise MemoryError

    write_photograph(tmp_path / "a.png", Photograph(picture()))
    monkeypatch.setattr(files, "restore", exhausted)
    assert main(["restore", str(tmp_path / "a.png"), "--weights", same]) == 1
    assert capsys.readouterr().err == f"failed: {tmp_path}/a.png: not enough memory; take smaller tiles (--tile N)\n"


def test_without_any_named_those_that_come_with_the_zoo_restore(tmp_path, capsys):
    write_photograph(tmp_path / "a.png", Photograph(picture()))
    assert main(["restore", str(tmp_path / "a.png")]) == 0
    assert "weights: photo-small, the best for photographs that are here" in capsys.readouterr().out
    assert (tmp_path / "a-restored.png").is_file()


def test_what_cannot_be_is_refused_before_any_work(same, weights, nothing_installed, tmp_path, capsys):
    source = tmp_path / "a.png"
    write_photograph(source, Photograph(picture()))
    (tmp_path / "copy.png").hardlink_to(source)
    (tmp_path / "link.png").symlink_to(source)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    for name in ("x/a.png", "x/a.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(picture()).save(tmp_path / name)
    one = [str(source), "--weights", same]
    # A checkout need not have another backend.
    another = "Keras runs on tensorflow in this process already" if find_spec("jax") else "jax is not installed"
    cases = [
        ([str(tmp_path / "none.png"), "--weights", same], "no such file or folder"),
        ([str(tmp_path / "empty"), "--weights", same], "no images or videos in this folder"),
        ([*one, "-o", str(source), "--overwrite"], "is an input and would be written over"),
        ([*one, "-o", str(tmp_path / "copy.png"), "--overwrite"], "is an input and would be written over"),
        ([*one, "-o", str(tmp_path / "link.png"), "--overwrite"], "is an input and would be written over"),
        ([*one, "-o", str(tmp_path / "file/b.png")], "is no folder, so nothing can be written below it"),
        ([*one, "-o", "/proc/version/b.png"], "is no folder"),
        ([*one, "-o", str(tmp_path / "b.xyz")], "files that end in '.xyz' are not written; take .png"),
        (
            [str(tmp_path / "x"), "--format", "png", "-o", str(tmp_path / "y"), "--weights", same],
            "would both be written",
        ),
        ([str(tmp_path / "x"), "-o", str(tmp_path / "y.png"), "--weights", same], "several inputs need a folder"),
        ([*one, "--overwrite", "--resume"], "give one of the two"),
        ([*one, "--sharp", str(tmp_path / "none.png")], "no such image"),
        ([*one, "--blur-step", "3"], "identity takes no blur step"),
        ([str(source), "--weights", str(weights["refiner-tiny"])], "give --blur-step K, or --blur-step auto"),
        ([str(source), "--weights", "maxim-gopr"], "did you mean 'maxim-gopro'"),
        ([str(source), "--weights", "maxim-gopro"], "the weights maxim-gopro are not here; fetch them with"),
        ([str(source)], "no weights for photographs are here, and none are named with --weights; fetch them with"),
        ([str(source), "--weights", str(source)], "no weights of PyTorch"),
        ([*one, "--backend", "jax"], another),
        ([*one, "--inference", "local"], "identity/image has no inference modes"),
    ]
    for arguments, words in cases:
        assert main(["restore", *arguments]) == 2, arguments
        streams = capsys.readouterr()
        assert words in streams.err, arguments
        assert streams.err.count("\n") == 1, streams.err
    for arguments in (["--tile", "0"], ["--blur-step", "-1"], ["--max-megapixels", "nan"], ["--overlap", "x"]):
        with pytest.raises(SystemExit) as ended:
            main(["restore", *one, *arguments])
        assert ended.value.code == 2
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.png", "copy.png", "empty", "file", "link.png", "x"]


def test_weights_of_others(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DEBLUR_ZOO_CACHE", str(tmp_path / "cache"))
    source, weights = tmp_path / "a.png", tmp_path / "small.pth"
    write_photograph(source, Photograph(picture()))
    write_torch_zip(weights, {"params": nafnet_tensors(encoders=(1,), decoders=(1,))})
    assert main(["restore", str(source), "--weights", str(weights)]) == 0
    told = capsys.readouterr().out.splitlines()[0]
    assert told.startswith(f"weights: {weights}, nafnet/own (width=4, ") and told.endswith("train_crop=256")
    assert read_photograph(tmp_path / "a-restored.png").pixels.shape == (24, 37, 3)


def _changed_config(source, target, change):
    """A copy of a model file with another `config.json`."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content.decode()).encode() if name == "config.json" else content)


def test_weight_files_that_are_not_what_they_should_be(weights, tmp_path, capsys):
    source = tmp_path / "a.png"
    write_photograph(source, Photograph(picture()))
    whole = weights["unet3-tiny"].read_bytes()
    (tmp_path / "cut.keras").write_bytes(whole[: len(whole) // 2])
    damaged = bytearray(whole)
    damaged[len(whole) // 2 : len(whole) // 2 + 64] = bytes(64)
    (tmp_path / "damaged.keras").write_bytes(damaged)
    inputs = keras.Input((None, None, 3))
    keras.Model(inputs, keras.layers.Lambda(lambda x: x * 2)(inputs), name="identity.image").save(
        tmp_path / "code.keras"
    )
    keras.Model(inputs, keras.layers.Conv2D(5, 1)(inputs), name="classifier").save(tmp_path / "other.keras")
    _changed_config(
        weights["unet3-tiny"], tmp_path / "shell.keras", lambda text: text.replace('"keras.layers"', '"os"', 1)
    )
    _changed_config(
        weights["unet3-tiny"], tmp_path / "renamed.keras", lambda text: text.replace('"filters": 4', '"filters": 5')
    )
    cases = {
        "cut.keras": "not a .keras file, or a damaged one",
        "damaged.keras": "damaged",
        "code.keras": "holds a Lambda layer",
        "other.keras": "model 'classifier' is not of this zoo, and gives (any, any, any, 5)",
        "shell.keras": "asks for os.",
        "none.keras": "no such model file",
    }
    for name, words in cases.items():
        assert main(["restore", str(source), "--weights", str(tmp_path / name)]) == 2, name
        err = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("warning:")]
        assert len(err) == 1, (name, err)
        assert words in err[0], (name, err)
    assert not list(tmp_path.glob("*restored*"))


def test_weights_that_nobody_trained_are_not_used_in_silence(tmp_path, capsys):
    zoo.save(zoo.create("unet3", "tiny"), tmp_path / "fresh.keras")
    write_photograph(tmp_path / "a.png", Photograph(picture()))
    assert main(["restore", str(tmp_path / "a.png"), "--weights", str(tmp_path / "fresh.keras")]) == 0
    assert "warning: " in (err := capsys.readouterr().err)
    assert "does not say that its weights were ever trained" in err


@pytest.mark.slow
def test_models_that_see_the_whole_image_are_warned_of_once(tmp_path, capsys):
    zoo.save(zoo.create("fba", "tiny"), tmp_path / "fba.keras", {"training": {}})
    for name in "ab":
        write_photograph(tmp_path / f"in/{name}.png", Photograph(picture(140, 70)))
    run = ["restore", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--weights", str(tmp_path / "fba.keras")]
    assert main([*run, "--tile", "64"]) == 0
    assert capsys.readouterr().err.count("a pixel of fba/tiny depends on all of the image") == 1
    assert main(["info", "fba"]) == 0
    assert "differ a little from the whole photograph" in capsys.readouterr().out


@pytest.mark.slow
def test_blur_steps_are_given_or_guessed(weights, tmp_path, capsys):
    write_photograph(tmp_path / "page.png", Photograph(picture(40, 50, 1)))
    run = ["restore", str(tmp_path / "page.png"), "--weights", str(weights["refiner-tiny"]), "--blur-step"]
    assert main([*run, "2.5"]) == 0
    assert "guessed" not in capsys.readouterr().out
    assert main([*run, "auto"]) == 0
    out = capsys.readouterr().out
    assert "(guessed)" in out
    assert read_photograph(tmp_path / "page-restored.png").pixels.shape == (40, 50, 1)


def test_psnr_of_equal_images_is_infinite(same, tmp_path, capsys):
    write_photograph(tmp_path / "a.png", Photograph(picture(8, 8)))
    write_photograph(tmp_path / "sharp/a.png", Photograph(read_photograph(tmp_path / "a.png").pixels))
    run = ["restore", str(tmp_path / "a.png"), "--weights", same, "--sharp", str(tmp_path / "sharp")]
    assert main(run) == 0
    # Too small for the window of SSIM.
    assert f"  after   PSNR {math.inf:.2f} dB\n" in capsys.readouterr().out


def test_a_tampered_file_of_the_catalogue_is_refused(same, tmp_path, capsys):
    cache = tmp_path / "cache/weights"
    cache.mkdir(parents=True)
    (cache / "maxim-gopro.keras").write_bytes(Path(same).read_bytes())
    pins = {"maxim-gopro": {"sources": {}, "converted": "0" * 64}}
    (cache / "pins.json").write_text(json.dumps(pins))
    write_photograph(tmp_path / "a.png", Photograph(picture()))
    for named in (["--weights", "maxim-gopro"], []):
        assert main(["restore", str(tmp_path / "a.png"), *named]) == 2
        assert "not the file that was converted; remove it with" in capsys.readouterr().err
