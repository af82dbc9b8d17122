"""Options of builders: types, and models registered from outside the package."""

from __future__ import annotations

import keras
import pytest

import zoo
from zoo.options import described, fits
from zoo.registry import options_of

WRONG = {int: "5", float: "much", bool: 1, str: 5, "sequence": 64}


@pytest.mark.parametrize("name", zoo.list_models())
def test_every_option_of_a_wrong_type_is_one_line(name):
    for option, default in options_of(name).items():
        value = WRONG["sequence" if isinstance(default, tuple) else type(default)]
        with pytest.raises(zoo.ZooError) as caught:
            zoo.create(name, **{option: value})
        message = str(caught.value)
        assert message.startswith(f"{name}: option {option}={value!r} must be ")
        assert message.endswith(f", not {type(value).__name__}; the default is {default!r}")
        assert "\n" not in message


def test_values_that_give_no_model_are_one_line():
    with pytest.raises(zoo.ZooError, match=r"^unet1 cannot be built with widths=\(4, -3\): [^\n]+$"):
        zoo.create("unet1", widths=(4, -3))


@pytest.mark.parametrize("name", zoo.list_models())
def test_counts_that_give_no_model_are_one_line(name):
    counts = {option: default for option, default in options_of(name).items() if type(default) is int}
    for option, default in counts.items():
        with pytest.raises(zoo.ZooError) as caught:
            zoo.create(name, **{option: -1})
        least = 0 if option in ("middle_blocks", "refinement_blocks", "refinements") else 1
        assert str(caught.value) == f"{name}: option {option}=-1 must be at least {least}; the default is {default}"
        if least:
            with pytest.raises(zoo.ZooError, match=f"^{name}: option {option}=0 must be at least 1; "):
                zoo.create(name, **{option: 0})


@pytest.mark.parametrize("call", [lambda: zoo.create(5), lambda: zoo.info("atrous").variant(5)])
def test_names_of_a_wrong_type_are_unknown(call):
    with pytest.raises(zoo.ZooError, match="5"):
        call()


def test_types():
    assert fits((1, 2), tuple[int, int]) and not fits((1, 2, 3), tuple[int, int])
    assert fits(None, int | None) and not fits("x", int | None)
    assert described(int | None) == "a whole number or None"


def entry(**changes):
    return zoo.ModelInfo(
        **{
            "name": "outside",
            "title": "One layer",
            "paper": "none",
            "summary": "From outside.",
            "variants": {"image": zoo.Variant(84), "small": zoo.Variant(84, options={"size": 3})},
            "default": "image",
            "defaults": {"small": "small"},
            **changes,
        }
    )


def build(inputs, *, size: int = 3):
    return keras.layers.Conv2D(3, size, padding="same")(inputs)


def test_a_model_from_outside():
    zoo.register(entry())(build)
    try:
        assert zoo.create("outside", "small").count_params() == 84
        assert [zoo.info("outside").default_for(kind) for kind in ("small", "video")] == ["small", "image"]
        with pytest.raises(zoo.ZooError, match="registered twice"):
            zoo.register(entry())(build)
    finally:
        zoo.unregister("outside")
    assert "outside" not in zoo.list_models()
    with pytest.raises(zoo.ZooError, match="unknown model 'outside'"):
        zoo.unregister("outside")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"default": "smal"}, "no variant 'smal' .did you mean 'small'"),
        ({"defaults": {"small": "big"}}, "no variant 'big'"),
        ({"defaults": {"photo": "small"}}, "unknown kind of data set 'photo'"),
        ({"variants": {"image": zoo.Variant(1, options={"siez": 3})}, "defaults": {}}, "did you mean 'size'"),
    ],
)
def test_entries_that_contradict_themselves_are_refused(changes, words):
    with pytest.raises(zoo.ZooError, match=words):
        zoo.register(entry(**changes))(build)
    assert "outside" not in zoo.list_models()


def test_default_variants_by_kind_of_data_set():
    found = {
        name: [zoo.info(name).default_for(kind) for kind in ("small", "video", "still", "text")]
        for name in ("carlo", "kaist", "atrous", "identity", "wiener")
    }
    assert found == {
        "carlo": ["image"] * 4,
        "kaist": ["image", "video", "image", "image"],
        "atrous": ["cifar10", "reds", "image-20", "image-20"],
        "identity": ["image", "video", "image", "image"],
        "wiener": ["image", "image", "image", "text"],
    }
