"""The protocols: which images count."""

import shutil
from dataclasses import replace

import pytest

from benchmarks.errors import RunError
from benchmarks.metrics import METRICS, MetricError, ocr
from benchmarks.protocols import PROTOCOLS, protocol_for, scored
from datasets.image import ArrayFrame
from datasets.pairs import Pairs
from datasets.registry import info, list_datasets
from tests.support.fakes import named_pairs, picture_pairs


@pytest.fixture
def videos():
    """Two videos of 100 frames."""
    return named_pairs(2, 100)


def frames(pairs, scene="000"):
    return [int(pair.frame) for pair in pairs if pair.scene == scene]


class TestSelection:
    def test_full_keeps_all(self, videos):
        assert scored(videos, PROTOCOLS["full"]) == videos

    def test_val300_keeps_every_tenth_frame(self, videos):
        chosen = scored(videos, PROTOCOLS["val300"])
        assert frames(chosen, "000") == frames(chosen, "001") == list(range(9, 100, 10))
        assert len(scored(named_pairs(30, 100), PROTOCOLS["val300"])) == 300

    def test_bologna_keeps_the_middles_of_disjoint_triplets(self, videos):
        chosen = scored(videos, PROTOCOLS["bologna"])
        assert frames(chosen, "000") == frames(chosen, "001") == list(range(1, 99, 3))
        assert len(chosen) == 66

    def test_an_incomplete_triplet_does_not_count(self):
        assert frames(scored(named_pairs(1, 5), PROTOCOLS["bologna"])) == [1, 4]
        assert frames(scored(named_pairs(1, 6), PROTOCOLS["bologna"])) == [1, 4]

    def test_frames_are_counted_within_their_video(self):
        assert frames(scored(named_pairs(2, 25, first=40), PROTOCOLS["val300"]), "001") == [49, 59]

    @pytest.mark.parametrize("name", ["full", "val300", "bologna"])
    def test_a_rule_makes_no_subset_of_a_full_data_set(self, videos, name):
        assert scored(videos, PROTOCOLS[name]).coverage == "full"
        part = named_pairs(2, 100, coverage="subset 200/3000")
        assert scored(part, PROTOCOLS[name]).coverage == "subset 200/3000"

    def test_other_images_have_another_fingerprint(self, videos):
        marks = {scored(videos, PROTOCOLS[name]).fingerprint for name in ("full", "val300", "bologna")}
        assert len(marks) == 3


class TestLimit:
    def test_a_limit_makes_a_subset_evenly_spread(self, videos):
        chosen = scored(videos, PROTOCOLS["full"], 4)
        assert [pair.name for pair in chosen] == ["000/00000000", "000/00000050", "001/00000000", "001/00000050"]
        assert chosen.coverage == "subset 4/200"
        assert chosen.fingerprint != videos.fingerprint

    def test_a_limit_applies_after_the_rule(self, videos):
        chosen = scored(videos, PROTOCOLS["bologna"], 2)
        assert [pair.name for pair in chosen] == ["000/00000001", "001/00000001"]
        assert chosen.coverage == "subset 2/66"

    @pytest.mark.parametrize("limit", [200, 1000])
    def test_a_limit_that_is_no_limit(self, videos, limit):
        assert scored(videos, PROTOCOLS["full"], limit) == videos

    @pytest.mark.parametrize("limit", [0, -1])
    def test_a_limit_below_one(self, videos, limit):
        with pytest.raises(RunError, match=f"--limit must be at least 1, not {limit}"):
            scored(videos, PROTOCOLS["full"], limit)

    def test_videos_that_are_too_short(self):
        with pytest.raises(RunError, match="no image is left under protocol bologna; the videos are too short"):
            scored(named_pairs(2, 1), PROTOCOLS["bologna"])


class TestScores:
    def test_an_unchanged_image_has_no_psnr_and_an_exact_one_100_db(self):
        pair = picture_pairs(size=(20, 24))[0]
        sharp, blurry = pair.sharp[0].pixels, pair.blurry[0].pixels
        assert PROTOCOLS["full"].score(pair, sharp, sharp, sharp)["psnr"] is None
        assert PROTOCOLS["full"].score(pair, sharp, sharp, blurry) == {
            "psnr": 100.0,
            "ssim": 1.0,
            "ssim_matlab3d": 1.0,
            "mse": 0.0,
        }

    def test_the_best_frame_of_a_trajectory_is_found_in_one_way_along_it(self):
        pair = picture_pairs(size=(170, 180))[0]
        sharp, blurry = pair.sharp[0].pixels, pair.blurry[0].pixels
        reads = []

        class Counted(ArrayFrame):
            def read(self, window=None):
                reads.append(self.name)
                return super().read(window)

        pair = replace(pair, sharp=(Counted("b", blurry), Counted("s", sharp)))
        found = PROTOCOLS["kohler"].score(pair, sharp, blurry, blurry)
        assert found == {"kohler_psnr": 100.0, "kohler_mssim": pytest.approx(1.0)}
        assert reads == ["b", "s"]

    @pytest.mark.skipif(shutil.which("tesseract") is None, reason="Tesseract is not installed")
    def test_a_photograph_is_read_once(self, monkeypatch):
        read = []
        monkeypatch.setattr(ocr, "read_lines", lambda image: read.append(image) or ["a", "ababab", "c"])
        pair = replace(picture_pairs()[0], metadata={"text": "a\naaaaab\nc", "step": 4})
        image = pair.sharp[0].pixels
        assert PROTOCOLS["ocr"].score(pair, image, image, image) == {"ocr": 33.0, "ocr_indel": 67.0}
        assert len(read) == 1

    def test_text_is_summed_up_by_blur_step(self):
        pairs = named_pairs(1, 6, "hdc", "test")
        steps = (0, 0, 1, 1, 2, 2)
        items = tuple(replace(pair, metadata={"step": step}) for pair, step in zip(pairs, steps, strict=True))
        pairs = Pairs("hdc", "test", pairs.root, items, "full", "0123456789abcdef")
        values = {"ocr": [90.0, 100.0, 70.0, 70.0, None, 100.0], "ocr_indel": [1.0] * 6}
        found = PROTOCOLS["ocr"].summarise(pairs, values)
        assert found.steps == {"0": 95.0, "1": 70.0, "2": 50.0}
        assert found.stop_step == 1
        assert found.means["ocr"].mean == 86.0
        assert found.images == tuple(pair.name for pair in pairs)
        assert PROTOCOLS["full"].summarise(pairs, {"mse": [0.1] * 6}).steps is None

    def test_only_text_needs_tesseract(self, monkeypatch):
        def missing():
            raise MetricError("Tesseract is not installed")

        monkeypatch.setattr(ocr, "check_tesseract", missing)
        with pytest.raises(MetricError, match="Tesseract is not installed"):
            PROTOCOLS["ocr"].require()
        for name in ("full", "val300", "bologna", "kohler"):
            PROTOCOLS[name].require()
            assert PROTOCOLS[name].engine() == {}
        assert [name for name in PROTOCOLS if PROTOCOLS[name].by_blur_step] == ["ocr"]

    def test_images_of_other_sizes_are_refused_in_one_line(self):
        pair = picture_pairs(size=(20, 24))[0]
        image = pair.sharp[0].pixels
        with pytest.raises(MetricError, match=r"images of \(19, 24, 3\) and \(20, 24, 3\) cannot be compared"):
            PROTOCOLS["full"].score(pair, image[1:], image, image)


class TestTable:
    def test_every_data_set_names_known_protocols(self):
        for name in list_datasets():
            for protocol in info(name).protocols:
                assert protocol_for(name, protocol).name == protocol

    def test_every_protocol_has_known_metrics(self):
        for protocol in PROTOCOLS.values():
            assert set(protocol.metrics) <= set(METRICS)
            assert protocol.rule.endswith(".")

    def test_the_usual_ones(self):
        usual = {name: protocol_for(name).name for name in list_datasets() if info(name).protocols}
        assert usual.pop("kohler") == "kohler"
        assert usual.pop("hdc") == "ocr"
        # Their authors align what they score.
        assert {usual.pop(name) for name in ("realblur-j", "realblur-r", "rsblur")} == {"aligned"}
        assert set(usual.values()) == {"full"}

    def test_refusals(self):
        with pytest.raises(RunError, match="cifar10 has no protocol 'bologna'; choose one of full"):
            protocol_for("cifar10", "bologna")
        with pytest.raises(RunError, match="div2k has no blurred images"):
            protocol_for("div2k")
