"""What every metric keeps to, whatever it measures; and how one is added from outside."""

import math
import shutil

import numpy as np
import pytest

import zoo
from benchmarks import metrics, protocols
from benchmarks.errors import RunError
from benchmarks.evaluation import evaluate
from benchmarks.evaluation.predict import restorer
from benchmarks.metrics import METRICS, Metric, MetricError
from benchmarks.metrics.asked import asked
from benchmarks.metrics.base import quantised_pair
from benchmarks.protocols import Protocol
from datasets.hdc import simulation
from tests.benchmarks.metrics.test_metrics import noise, wave
from tests.support.fakes import picture_pairs
from tests.support.metric_table import ROWS

LINES = ["VrkQCAeNBZ", "RcsijkFLTX", "GgceTmrxD2"]


@pytest.fixture
def card(name, tmp_path):
    """The metric's card, with the file that it needs."""
    make = ROWS[name].file
    return METRICS[name] if make is None else asked([f"{name}={make(tmp_path)}"])[0]


def case(name):
    """An image and its truth, which are the same."""
    card = METRICS[name]
    if card.truth == "text":
        light = simulation.show(LINES, "Verdana")
        return (simulation.photograph(light, None, None, np.random.default_rng(0)) >> 8).astype(np.uint8), LINES
    image = noise((170, 200, 3))
    return image, [image] if card.truth == "frames" else image


@pytest.fixture(params=sorted(ROWS))
def name(request):
    if ROWS[request.param].tesseract and shutil.which("tesseract") is None:
        pytest.skip("Tesseract is not installed")
    return request.param


def test_every_metric_has_a_row():
    assert set(METRICS) == set(ROWS)


def test_a_perfect_restoration(name, card):
    image, truth = case(name)
    if card.require is not None:
        card.require()
    value = card.function(image, truth)
    # Tesseract misreads a letter now and then, also in focus.
    if ROWS[name].perfect is not None:
        assert value == pytest.approx(ROWS[name].perfect, abs=20 if ROWS[name].tesseract else 1e-12)
    assert card.accepts(value) and math.isfinite(card.recorded(value))


def test_the_same_twice_and_inputs_left_alone(name, card):
    image, truth = case(name)
    image = (image // 2).astype(np.uint8)
    kept = image.copy()
    assert card.function(image, truth) == card.function(image, truth)
    np.testing.assert_array_equal(image, kept)


def test_known_values(name):
    if ROWS[name].known is not None:
        assert METRICS[name].function(wave(0.3), wave(0.0)) == pytest.approx(ROWS[name].known, rel=0, abs=1e-6)


@pytest.mark.parametrize(
    "bad",
    [
        np.full((170, 200, 3), 200.0),
        np.full((170, 200, 3), np.nan),
        np.zeros((170, 200, 4), np.uint8),
        np.zeros((170, 200, 3), np.int32),
        np.zeros((0, 200, 3), np.uint8),
        "no image",
    ],
    ids=["floats to 255", "NaN", "RGBA", "int32", "empty", "text"],
)
def test_what_is_no_image_is_refused_in_one_line(name, card, bad):
    with pytest.raises(MetricError) as raised:
        card.function(bad, case(name)[1])
    assert "\n" not in str(raised.value)


def test_the_card_of_a_file_names_it(name, card):
    assert (card.engine is not None) == (ROWS[name].tesseract or ROWS[name].file is not None)
    if ROWS[name].file is not None:
        with pytest.raises(MetricError, match=rf"^{name} needs .*; ask for {name}=FILE$"):
            METRICS[name].function(case(name)[0], case(name)[1])
        with pytest.raises(MetricError, match=rf"^{name} needs .*; ask for {name}=FILE$"):
            asked([name])
    else:
        with pytest.raises(MetricError, match=rf"^{name} needs no file; ask for {name} alone$"):
            asked([f"{name}=a.npz"])


def test_an_unknown_metric_has_a_nearest_name():
    with pytest.raises(MetricError, match=r"^unknown metric 'lpisp' \(did you mean 'lpips'\?\); choose from psnr, "):
        asked(["lpisp"])


def test_cards(name):
    card = METRICS[name]
    assert card.name == name and card.title and "\n" not in card.convention
    assert card.bounds[0] < card.bounds[1]
    assert (card.bounds[1] == math.inf) == (card.limit is not None)
    assert card.truth in ("image", "frames", "text", "none")
    assert (card.engine is not None) == ROWS[name].tesseract
    assert (card.given is not None) == bool(card.file) == (ROWS[name].file is not None)
    assert all((name in each.metrics) <= (not ROWS[name].asked) for each in protocols.PROTOCOLS.values())


def mean_error(restored, truth):
    """A metric that a user brings: mean absolute difference of 8-bit values."""
    first, second = quantised_pair(restored, truth)
    return float(np.mean(np.abs(first.astype(float) - second)))


@pytest.fixture
def brought():
    """A metric and a protocol, registered as a user's own file does."""
    card = metrics.register(Metric("mean_error", "MAE", "8 bit, mean", "", False, (0.0, 255.0), mean_error))
    protocol = protocols.register(Protocol("mine", "Whole images.", ("mean_error", "psnr")))
    yield card, protocol
    protocols.unregister("mine")
    metrics.unregister("mean_error")


def test_a_metric_and_a_protocol_from_outside(brought):
    card, protocol = brought
    assert (METRICS["mean_error"], protocols.PROTOCOLS["mine"], protocol.main) == (card, protocol, card)
    pairs = picture_pairs(size=(20, 24))
    scores = evaluate.evaluate(restorer(zoo.create("identity"), pairs.dataset), pairs, protocol)
    direct = [mean_error(pair.blurry[0].pixels, pair.sharp[0].pixels) for pair in pairs]
    np.testing.assert_allclose(scores.values["mean_error"], direct, atol=1e-12)
    summary = protocol.summarise(pairs, scores.values)
    assert summary.means["mean_error"].mean == pytest.approx(np.mean(direct), abs=1e-6)
    assert list(summary.values) == ["mean_error", "psnr"]


def test_no_name_is_taken_twice(brought):
    card, protocol = brought
    with pytest.raises(MetricError, match="there is a metric 'mean_error' already; choose another name"):
        metrics.register(card)
    with pytest.raises(RunError, match="there is a protocol 'mine' already; choose another name"):
        protocols.register(protocol)


def test_what_is_not_there():
    with pytest.raises(MetricError, match="there is no metric 'nothing' to take out; known are"):
        metrics.unregister("nothing")
    with pytest.raises(RunError, match="there is no protocol 'nothing' to take out; known are"):
        protocols.unregister("nothing")
    with pytest.raises(RunError, match="protocol 'other': metric 'nothing' is not known"):
        protocols.register(Protocol("other", "Nothing.", ("nothing",)))
