"""The ablation grid of the feature catcher (Zhang et al., Table 2): one to four stages, one of four parts left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zoo.registry import Variant

PARTS = ("pb", "efem", "msam", "rim")
"""Parts that can be left out: processing block, feature gate, supervised attention, original-resolution stage."""

# (stages, part): parameters and multiply-accumulates in the paper's size, then in the tiny one. The feature gate is a
# part of stage 0 alone and supervised attention of stages 1 and 2, so without those stages nothing is left to leave
# out. Three stages are MPRNet.
_COUNTS: dict[tuple[int, str], tuple[int, int, int, int]] = {
    (1, "pb"): (7_833_505, 500_491_812_864, 40_801, 2_472_545_280),
    (1, "efem"): (8_004_001, 511_363_453_440, 45_921, 2_774_535_680),
    (1, "msam"): (8_004_001, 511_363_453_440, 45_921, 2_774_535_680),
    (1, "rim"): (287_137, 18_515_759_616, 8_289, 509_608_448),
    (2, "pb"): (13_805_185, 613_379_623_296, 143_985, 4_477_435_392),
    (2, "efem"): (14_146_177, 635_122_909_056, 154_225, 5_081_416_704),
    (2, "msam"): (14_136_673, 634_500_054_912, 153_921, 5_061_493_760),
    (2, "rim"): (6_244_993, 139_368_562_560, 111_985, 2_750_429_184),
    (3, "pb"): (19_615_585, 718_302_665_856, 243_969, 6_326_100_480),
    (3, "efem"): (20_127_073, 750_917_606_016, 259_329, 7_232_073_728),
    (3, "msam"): (20_108_065, 749_671_897_728, 258_721, 7_192_227_840),
    (3, "rim"): (12_225_889, 255_163_259_520, 217_089, 4_901_086_208),
    (4, "pb"): (19_627_393, 719_076_514_944, 244_657, 6_371_189_248),
    (4, "efem"): (20_300_161, 761_959_148_160, 264_881, 7_562_379_264),
    (4, "msam"): (20_290_369, 761_317_419_648, 264_529, 7_539_310_592),
    (4, "rim"): (12_408_193, 266_808_781_440, 222_897, 5_248_168_960),
}


def ablations(tiny: Mapping[str, Any]) -> dict[str, Variant]:
    """The variants of the grid by name, `stages-N-without-PART`, and small ones, `tiny-stages-...`.

    Args:
        tiny: Options of the tiny variant.
    """
    variants = {}
    for (stages, part), (parameters, macs, tiny_parameters, tiny_macs) in _COUNTS.items():
        options = {"stages": stages, "without": part}
        name, note = f"stages-{stages}-without-{part}", "ablation, Table 2"
        variants[name] = Variant(parameters, macs=macs, options=options, note=note, listed=False)
        variants[f"tiny-{name}"] = Variant(
            tiny_parameters,
            macs=tiny_macs,
            options={**tiny, **options},
            note=f"{note}, narrow and shallow",
            listed=False,
        )
    return variants
