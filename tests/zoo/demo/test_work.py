"""Photographs restored for the page, without a server."""

import threading
import zipfile

import numpy as np
import pytest

import zoo
from zoo.analysis import tile_size
from zoo.analysis.tile_size import Cut
from zoo.demo import work as work_module
from zoo.demo.offers import find_offers
from zoo.demo.view import views
from zoo.demo.work import PREVIEW_SIDE, Limits, Restorer, Work
from zoo.inference.files import AUTOMATIC, Outcome
from zoo.inference.image_files import Photograph, read_photograph
from zoo.inference.image_output import write_photograph
from zoo.inference.tiling import SeamlessTiles

RNG = np.random.default_rng(0)


def pixels(height=20, width=30, channels=3, dtype=np.uint8):
    return RNG.integers(0, np.iinfo(dtype).max + 1, (height, width, channels)).astype(dtype)


@pytest.fixture(scope="module")
def offers(weight_files):
    return find_offers([str(path) for path in weight_files.values()])[0]


@pytest.fixture
def restorer(offers, tmp_path):
    folder = tmp_path / "results"
    folder.mkdir()
    made = Restorer(offers, Limits(megapixels=0.1, megabytes=0.2), folder)
    yield made
    made.close()


@pytest.fixture
def sent(tmp_path):
    """Writes a file as a visitor sends it."""

    def write(name, content):
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            write_photograph(path, content)
        return path

    return write


def last(restorer, path, weights="identity.keras", step=None):
    """The last view, after which nothing follows."""
    *before, end = views(restorer, None if path is None else str(path), weights, step)
    assert all(view.running for view in before) and not end.running
    return end


def failed(restorer, path, words, **options):
    """Checks that a file is refused in one line that names no path, and leaves nothing behind."""
    end = last(restorer, path, **options)
    assert end.restored is None
    assert end.status.startswith('<div class="status failed" role="alert">') and "\n" not in end.status
    assert words in end.status, end.status
    assert path is None or str(path.parent) not in end.status
    assert list(restorer._folder.iterdir()) == []


@pytest.mark.parametrize(("name", "dtype"), [("a photo.png", np.uint8), ("b.tif", np.uint16), ("c.JPG", np.uint8)])
def test_a_photograph_comes_back_in_full_size_and_in_its_format(restorer, sent, name, dtype):
    path = sent(name, Photograph(pixels(dtype=dtype)))
    restored = last(restorer, path).restored
    stem, _, ending = name.partition(".")
    assert restored.full.name == f"{stem}-restored.{ending}"
    if ending != "JPG":
        found = read_photograph(restored.full).pixels
        assert found.dtype == dtype and np.array_equal(found, read_photograph(path).pixels)
    assert restored.notes == ["30 x 20 pixels in 1 s by identity.keras"]
    for preview in (restored.before, restored.after):
        shown = read_photograph(preview)
        assert shown.pixels.shape == (20, 30, 3) and shown.pixels.dtype == np.uint8


def test_what_cannot_be_written_becomes_png_and_what_is_odd_is_told(restorer, sent):
    path = sent("x.gif", b"")
    from PIL import Image

    Image.fromarray(pixels()).quantize(16).save(path)
    restored = last(restorer, path).restored
    assert restored.full.name == "x-restored.png"
    assert "x.gif has a palette and becomes RGB" in restored.notes


def test_previews_are_small_and_white_where_nothing_is(restorer, sent):
    wide = sent("wide.png", Photograph(pixels(10, 2 * PREVIEW_SIDE)))
    assert read_photograph(last(restorer, wide).restored.after).pixels.shape == (5, PREVIEW_SIDE, 3)
    alpha = np.zeros((20, 30), np.uint8)
    alpha[:, 16:] = 255
    cut_out = Photograph(np.zeros((20, 30, 3), np.uint8), alpha)
    restored = last(restorer, sent("cut.png", cut_out)).restored
    shown = read_photograph(restored.before).pixels
    assert shown[:, :8].min() > 250 and shown[:, 24:].max() < 5
    assert np.array_equal(read_photograph(restored.full).alpha, alpha)


def test_what_is_too_large_or_no_photograph_is_refused(restorer, sent):
    failed(restorer, None, "there is no photograph yet")
    failed(restorer, sent("a.png", b""), "a.png: the file is empty")
    failed(restorer, sent("<b>.jpg", b"GIF?" * 50), "&lt;b&gt;.jpg: not an image that can be read")
    failed(restorer, sent("clip.mp4", b"x"), "clip.mp4: videos are restored by `python -m zoo restore`")
    failed(restorer, sent("large.png", Photograph(np.zeros((300, 400, 3), np.uint8))), "400 x 300 are 0.1 megapixels")
    failed(restorer, sent("heavy.bmp", bytes(200_001)), "heavy.bmp: larger than the 0.2 MB that are taken")
    failed(restorer, sent("c.png", Photograph(pixels())), "there are no weights &#x27;d&#x27; here", weights="d")
    bomb = b"BM" + bytes(16) + (60_000).to_bytes(4, "little") * 2 + b"\1\0\x18\0" + bytes(40)
    bomb = bomb[:10] + (54).to_bytes(4, "little") + (40).to_bytes(4, "little") + bomb[18:]
    failed(restorer, sent("bomb.bmp", bomb), "60000 x 60000 are 3,600.0 megapixels")


def test_the_blur_step_is_asked_for_or_guessed_where_a_model_takes_one(restorer, sent, monkeypatch):
    given = []

    def restore_file(job, way, progress):
        given.append(way.blur_step)
        write_photograph(job.target, read_photograph(job.source))
        return Outcome(blur_step=7 if way.blur_step == AUTOMATIC else None)

    monkeypatch.setattr(work_module, "restore_file", restore_file)
    monkeypatch.setattr(restorer, "_model", lambda *_: None)
    path = sent("page.png", Photograph(pixels(64, 64, 1)))
    failed(restorer, path, "needs to know how blurred the photograph is", weights="refiner.keras")
    assert last(restorer, path, weights="refiner.keras", step=4).restored.notes[1:] == []
    assert last(restorer, path, weights="refiner.keras", step="auto").restored.notes[1:] == ["blur step 7 (guessed)"]
    # Others are given none, whatever stands there.
    assert last(restorer, path, step=4).restored is not None
    assert given == [4, "auto", None]


def test_tiles_tell_how_far_it_is_and_end_when_nobody_looks(restorer, sent, monkeypatch):
    # Neither memory nor time decides here: every tile waits until it is let through.
    monkeypatch.setattr(tile_size, "chosen_cut", lambda *_: Cut(SeamlessTiles(16, 0, blend=False), True))
    tiles, seen = threading.Semaphore(0), threading.Semaphore(0)
    reported = Work.report

    def report(self, done, total):
        reported(self, done, total)
        seen.release()
        assert tiles.acquire(timeout=60)

    monkeypatch.setattr(Work, "report", report)
    path = sent("a.png", Photograph(pixels(32, 48)))
    shown = views(restorer, str(path), "identity.keras", None)
    assert "<progress></progress>" in next(shown).status
    for _ in range(2):
        assert seen.acquire(timeout=60)
        tiles.release()
    assert seen.acquire(timeout=60)
    (work,) = restorer._works
    assert (work.done, work.total) == (3, 6)
    now = next(shown).status
    assert '<progress max="6" value="3">' in now and "restoring 48 x 32 pixels: 3 of 6 tiles, about " in now
    shown.close()
    tiles.release(9)
    assert work.ended_within(60)
    assert type(work.future.exception()).__name__ == "Stopped"
    assert list(restorer._folder.iterdir()) == []
    # The thread is free for the next one.
    assert last(restorer, path).restored is not None


def test_one_photograph_at_a_time(restorer, sent, monkeypatch):
    let = threading.Event()
    model = restorer._model
    monkeypatch.setattr(restorer, "_model", lambda *given: (let.wait(60), model(*given))[1])
    path = sent("a.png", Photograph(pixels()))
    first, second, third = (restorer.start(path, "identity.keras") for _ in range(3))
    assert not second.ended_within(0.2)
    assert second.spoken() == "waiting for the photograph before"
    third.stop()
    let.set()
    assert first.ended_within(60) and second.ended_within(60)
    assert first.future.result().full != second.future.result().full
    assert third.future.cancelled()
    assert len(list(restorer._folder.iterdir())) == 2


def test_large_weights_go_before_others_come(restorer, sent):
    path = sent("a.png", Photograph(pixels()))
    assert last(restorer, path).restored is not None
    first = restorer._loaded[1]
    assert last(restorer, path).restored is not None
    assert restorer._loaded[1] is first
    assert last(restorer, path, weights="unet3.keras").restored is not None
    assert restorer._loaded[0].name == "unet3.keras"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "a.png: not enough memory; send a smaller photograph, or choose smaller weights"),
        (OSError(28, "No space left on device"), "a.png: No space left on device; check that path"),
        (KeyError("a mistake"), "something went wrong in this program"),
    ],
)
def test_what_goes_wrong_is_one_line(restorer, sent, monkeypatch, capfd, error, words):
    def fail(*_):
        raise error

    monkeypatch.setattr(work_module, "restore_file", fail)
    failed(restorer, sent("a.png", Photograph(pixels())), words)
    assert ("a mistake" in capfd.readouterr().err) == isinstance(error, KeyError)


def test_weights_that_cannot_be_loaded_are_known_before_anybody_comes(weight_files, tmp_path):
    damaged = tmp_path / "damaged.keras"
    with zipfile.ZipFile(weight_files["unet3"]) as source, zipfile.ZipFile(damaged, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, content[: len(content) // 2] if name.endswith(".h5") else content)
    restorer = Restorer(find_offers([str(damaged)])[0], Limits(), tmp_path)
    try:
        with pytest.raises(zoo.ZooError, match=r"damaged\.keras"):
            restorer.prepare()
    finally:
        restorer.close()
