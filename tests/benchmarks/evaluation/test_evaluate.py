"""Evaluation: the protocol's metrics of every image, streamed."""

from dataclasses import dataclass, replace
from threading import Lock

import numpy as np
import pytest

import zoo
from benchmarks import metrics
from benchmarks.errors import RunError
from benchmarks.evaluation import evaluate
from benchmarks.evaluation import timing as evaluation_timing
from benchmarks.evaluation.predict import restorer
from benchmarks.protocols import PROTOCOLS, scored
from datasets.image import ArrayFrame, FileFrame, cut
from datasets.loading import load
from datasets.samples.build import sample_root
from tests.support.fakes import picture_pairs
from zoo.errors import ZooError

FULL, BOLOGNA, KOHLER = (PROTOCOLS[name] for name in ("full", "bologna", "kohler"))


@pytest.fixture(scope="module")
def identity():
    return zoo.create("identity")


def scores_of(model, pairs, *protocol_and_seed, **progress):
    return evaluate.evaluate(restorer(model, pairs.dataset), pairs, *protocol_and_seed, **progress)


class TestIdentity:
    @pytest.mark.parametrize("size", [(20, 24), (70, 80)], ids=["in batches", "one by one"])
    def test_it_scores_as_the_metrics_do(self, identity, size):
        pairs = picture_pairs(size=size)
        scores = scores_of(identity, pairs, FULL)
        assert scores.names == tuple(pair.name for pair in pairs)
        assert tuple(scores.values) == FULL.metrics
        for name, values in scores.values.items():
            direct = [metrics.METRICS[name].function(p.blurry[0].pixels, p.sharp[0].pixels) for p in pairs]
            np.testing.assert_allclose(values, direct, atol=1e-9)

    def test_three_frames(self):
        pairs = picture_pairs(size=(20, 24))
        others = picture_pairs(size=(20, 24), seed=1)
        triplets = tuple(
            replace(pair, blurry=(other.blurry[0], pair.blurry[0], other.blurry[0]))
            for pair, other in zip(pairs, others, strict=True)
        )
        found = scores_of(zoo.create("identity", "video"), replace(pairs, items=triplets), FULL)
        assert found == scores_of(zoo.create("identity"), pairs, FULL)

    def test_progress_counts_every_image(self, identity):
        calls = []
        scores_of(identity, picture_pairs(size=(20, 24)), FULL, progress=lambda *call: calls.append(call))
        assert calls == [(done, 10) for done in range(1, 11)]


class TestUnchangedPictures:
    def test_they_have_no_psnr_and_count_in_the_rest(self, identity):
        pairs = picture_pairs(size=(20, 24))
        items = (replace(pairs[0], blurry=pairs[0].sharp), *pairs.items[1:])
        scores = scores_of(identity, replace(pairs, items=items), FULL)
        assert scores.values["psnr"][0] is None
        assert None not in scores.values["psnr"][1:]
        assert scores.values["ssim"][0] == pytest.approx(1.0)
        assert scores.values["mse"][0] == 0.0

    @pytest.mark.usefixtures("toy")
    def test_whatever_the_model_makes_of_them(self):
        pairs = picture_pairs(size=(20, 24))
        items = (replace(pairs[0], blurry=pairs[0].sharp), *pairs.items[1:])
        scores = scores_of(zoo.create("toy"), replace(pairs, items=items), FULL)
        assert scores.values["psnr"][0] is None
        assert scores.values["mse"][0] > 0

    @pytest.mark.usefixtures("toy")
    def test_a_changed_image_restored_exactly_counts_100_db(self):
        black = np.zeros((20, 24, 3), np.uint8)
        pairs = picture_pairs(size=(20, 24))
        items = tuple(replace(pair, sharp=(ArrayFrame("black", black),)) for pair in pairs)
        model = zoo.create("toy")
        kernel, bias = model.get_weights()
        model.set_weights([np.zeros_like(kernel), bias - 1.0])
        scores = scores_of(model, replace(pairs, items=items), FULL)
        assert scores.values["psnr"] == [100.0] * 10


class TestSeededCrops:
    def test_the_seed_decides_and_nothing_else(self, identity):
        pairs = picture_pairs(scenes=2, frames=6, size=(300, 320))
        chosen = scored(pairs, BOLOGNA)
        first, again, other = (scores_of(identity, chosen, BOLOGNA, seed) for seed in (1, 1, 2))
        assert len(first.names) == 4
        assert first == again
        assert first.values["psnr"] != other.values["psnr"]


class TestKohler:
    def test_the_sample(self, samples, identity):
        pairs = scored(load("kohler", sample_root("kohler")), KOHLER, limit=2)
        scores = scores_of(identity, pairs, KOHLER)
        assert tuple(scores.values) == ("kohler_psnr", "kohler_mssim")
        for place, pair in enumerate(pairs):
            direct = metrics.kohler(pair.blurry[0].read(), [frame.read() for frame in pair.sharp])
            assert scores.values["kohler_psnr"][place] == pytest.approx(direct.psnr, abs=1e-9)
            assert scores.values["kohler_mssim"][place] == pytest.approx(direct.mssim, abs=1e-9)
            assert 15 < direct.psnr < 45

    def test_the_best_frame_counts_at_most_100_db(self, identity):
        pairs = picture_pairs(scenes=1, size=(176, 176))
        items = tuple(replace(pair, sharp=(*pair.sharp, *pair.blurry)) for pair in pairs)
        scores = scores_of(identity, replace(pairs, items=items), KOHLER)
        assert scores.values["kohler_psnr"] == [100.0, 100.0]


class TestStreaming:
    def test_images_are_read_as_they_are_scored(self, identity):
        lock, reads, done, lead = Lock(), [0], [0], [0]

        @dataclass(frozen=True)
        class Counted(ArrayFrame):
            def read(self, window=None):
                with lock:
                    reads[0] += 1
                    lead[0] = max(lead[0], reads[0] - 2 * done[0])
                return cut(self.pixels, window, self.name)

        def progress(count, total):
            done[0] = count

        pairs = picture_pairs(scenes=20, frames=4, size=(70, 80), wrap=Counted)
        scores_of(identity, pairs, FULL, progress=progress)
        assert reads[0] == 2 * 80
        # Two images a pair: four pairs being read, a few waiting for the model, four being scored.
        assert lead[0] <= 2 * 16


class TestTrouble:
    def on_disk(self, folder):
        import cv2

        def wrap(name, pixels):
            path = folder / f"{name.replace('/', '-')}.png"
            assert cv2.imwrite(str(path), pixels)
            return FileFrame(name, path)

        return picture_pairs(size=(20, 24), wrap=wrap)

    @pytest.mark.parametrize("kind", ["blurry", "sharp"])
    def test_a_truncated_image_is_named_in_one_line(self, identity, tmp_path, kind):
        pairs = self.on_disk(tmp_path)
        broken = getattr(pairs[3], kind)[0].path
        broken.write_bytes(broken.read_bytes()[:-30])
        with pytest.raises(RunError) as raised:
            scores_of(identity, pairs, FULL)
        assert str(raised.value) == f"{broken}: truncated PNG; fetch this file again"

    @pytest.mark.usefixtures("toy")
    def test_a_model_that_returns_nan(self):
        model = zoo.create("toy")
        model.set_weights([weight * np.nan for weight in model.get_weights()])
        with pytest.raises(ZooError, match=r"^toy/image gives no numbers \(NaN or infinity\)"):
            scores_of(model, picture_pairs(size=(20, 24)), FULL)

    def test_small_images_of_several_sizes_are_scored_one_by_one(self, identity):
        small, large = picture_pairs(scenes=1, size=(20, 24)), picture_pairs(scenes=1, size=(24, 20))
        pairs = replace(small, items=(*small.items, *large.items))
        found = scores_of(identity, pairs, FULL)
        expected = [scores_of(identity, each, FULL).values["psnr"] for each in (small, large)]
        assert found.values["psnr"] == [*expected[0], *expected[1]]

    def test_a_sharp_image_of_another_size_is_named_in_one_line(self, identity):
        pairs = picture_pairs(size=(20, 24))
        items = (replace(pairs[0], sharp=(ArrayFrame("s", np.zeros((18, 24, 3), np.uint8)),)), *pairs.items[1:])
        with pytest.raises(RunError, match=r"^gopro 000/00000000: b000/00000000 is 20x24, but s is 18x24; [^\n]+$"):
            scores_of(identity, replace(pairs, items=items), FULL)


def test_timing(identity):
    timing = evaluation_timing.seconds_per_megapixel(identity, "float32")
    assert 0 < timing["low"] <= timing["median"] <= timing["high"] < 60
    assert (timing["height"], timing["width"], timing["batch"], timing["warm_up"]) == (256, 256, 1, 2)
    assert 3 <= timing["rounds"] <= 7
