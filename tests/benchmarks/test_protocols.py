"""The protocols: which pictures count."""

import pytest

from benchmarks.errors import RunError
from benchmarks.metrics import METRICS
from benchmarks.protocols import PROTOCOLS, protocol_for, scored
from datasets.registry import info, list_datasets
from tests.support.fakes import named_pairs


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

    def test_other_pictures_have_another_fingerprint(self, videos):
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
        with pytest.raises(RunError, match="no picture is left under protocol bologna; the videos are too short"):
            scored(named_pairs(2, 1), PROTOCOLS["bologna"])


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
        assert set(usual.values()) == {"full"}

    def test_refusals(self):
        with pytest.raises(RunError, match="cifar10 has no protocol 'bologna'; choose one of full"):
            protocol_for("cifar10", "bologna")
        with pytest.raises(RunError, match="div2k has no blurred pictures"):
            protocol_for("div2k")
