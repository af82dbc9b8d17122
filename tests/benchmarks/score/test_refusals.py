"""What the score command cannot do, in one line each."""

import zipfile

import numpy as np
import pytest

from benchmarks.score.__main__ import main
from tests.support import fakes
from tests.support.images import write


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "say what shall be scored with --restored DIR"),
        (("--restored", "{root}/none", "--sharp", "{root}/sharp"), "no such file or folder"),
        (("--restored", "{root}/restored", "--sharp", "{root}/sharp/000"), "nothing of that name in --sharp"),
        (("--restored", "{root}/restored/000", "--sharp", "{root}/sharp"), "(--restored has 7 images, --sharp 14)"),
        (("--restored", "{root}/restored", "--sharp", "{root}/sharp/000/0.png"), "give folders everywhere"),
        (("--restored", "{root}/restored", "--dataset", "gopro"), "--dataset and --data-root go together"),
        (("{places}", "--dataset", "gopro", "--data-root", "{root}"), "leave --sharp and --blurry out"),
        (("{places}", "--metrics", "psrn_y"), "unknown metric 'psrn_y' (did you mean 'psnr_y'?)"),
        (("{places}", "--metrics", "niqe"), "niqe needs the parameters of NIQE's model"),
        (("{places}", "--metrics", "ocr"), "ocr needs text as truth, which protocol full has not"),
        (
            ("{places}", "--protocol", "bologna"),
            "--protocol bologna: for folders of one's own",
        ),
        (("{places}", "--name", "Atrous"), "Atrous is a model of the zoo, whose name no other program can have"),
        (("{places}", "--name", "a--b"), "no name can be 'a--b'; choose one of letters, digits"),
        (("{places}", "--name", "../b"), "no name can be '../b'; choose one of letters, digits"),
        (("{places}", "--results", "{root}/sharp/000/0.png"), "cannot write"),
        (("{places}", "--csv", "{root}/sharp/000/0.png/a.csv"), "choose another folder with --csv"),
        (("{places}", "--workers", "0"), "must be a whole number of at least 1"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_one_line(folders, places, tmp_path, refused, options, words):
    given = [word for option in options for word in (places if option == "{places}" else [option])]
    given = [str(word).format(root=folders) for word in given]
    given += [] if "--results" in given else ["--results", tmp_path / "results"]
    assert words in refused(main, *given)
    assert not (tmp_path / "results" / "runs").exists()


@pytest.fixture
def out(tmp_path):
    """Two pairs of small images in `a` and `b`."""
    for kind in ("a", "b"):
        for number in range(2):
            write(tmp_path / kind / f"{number}.png", np.full((20, 24, 3), 100 + number, np.uint8))
    return tmp_path


def refused_pair(refused, root):
    return refused(main, "--restored", root / "a", "--sharp", root / "b", "--results", root / "results")


def test_unequal_sizes(out, refused):
    write(out / "a" / "1.png", np.zeros((20, 25, 3), np.uint8))
    line = refused_pair(refused, out)
    assert f"{out / 'a' / '1.png'} is 20x25, but {out / 'b' / '1.png'} is 20x24" in line


@pytest.mark.parametrize("content", [b"", b"no image"])
def test_an_unreadable_image(out, refused, content):
    (out / "a" / "1.png").write_bytes(content)
    assert f"{out / 'a' / '1.png'}: " in refused_pair(refused, out)


def test_a_truncated_image(out, refused):
    path = out / "a" / "1.png"
    path.write_bytes(path.read_bytes()[:-20])
    assert f"{path}: " in refused_pair(refused, out)
    assert not list((out / "results").glob("runs/*"))


def test_an_archive(out, refused):
    with zipfile.ZipFile(out / "a.zip", "w") as archive:
        archive.write(out / "a" / "0.png")
    line = refused(main, "--restored", out / "a.zip", "--sharp", out / "b", "--results", out / "results")
    assert line == f"error: {out / 'a.zip'}: an archive; unpack it and give the folder"


def test_images_too_small_for_a_metric(out, refused):
    for kind in ("a", "b"):
        write(out / kind / "1.png", np.zeros((9, 9, 3), np.uint8))
    assert "1: image of shape (9, 9, 3) is too small" in refused_pair(refused, out)


def test_a_data_set_of_which_images_are_missing(tmp_path, refused):
    fakes.write_street_scenes(tmp_path)
    write(tmp_path / "out" / "GOPR000_11_00" / "000001.png", np.zeros((24, 32, 3), np.uint8))
    asked = ("--restored", tmp_path / "out", "--dataset", "gopro", "--data-root", tmp_path)
    line = refused(main, *asked, "--results", tmp_path / "results")
    assert "no restored image of GOPR000_11_00/000002 (1 of 2 of gopro); call files SCENE/FRAME" in line
    line = refused(main, *asked, "--protocol", "bologna", "--results", tmp_path / "results")
    assert "protocol bologna scores crops that were restored alone; choose one that scores whole" in line
