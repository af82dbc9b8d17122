"""Recipes as plain values: through JSON, as the choices that keys are made of, and as older records have them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.errors import RunError
from benchmarks.recipes.recipe import EARLIER_PENALTY, choices_of, upgrade
from benchmarks.recipes.select import recipe

RUNS = Path(__file__).resolve().parents[3] / "results" / "runs"
RECORDS = [path for path in sorted(RUNS.glob("*.json")) if json.loads(path.read_text(encoding="utf-8")).get("training")]


def test_they_go_through_json():
    made = recipe("fcn", "gopro", "code")
    assert json.loads(json.dumps(made.as_dict())) == made.as_dict()
    assert made.as_dict()["schedule"] == {"kind": "cosine", "share": 3 / 3000, "final_rate": 1e-6}


def test_choices_are_numbers_and_never_prose():
    made = recipe("atrous", "reds")
    assert replace(made, source="other words", ours="").choices() == made.choices()
    assert made.choices() == {
        "model": "atrous",
        "variant": "reds",
        "loss": "sum_of_absolute_differences",
        "data": {
            "crop": 256,
            "batch": 4,
            "augmentation": {"shift_neighbours": 2, "rotation": 90.0, "flip": True, "brightness": 0.2},
            "validation": 0.125,
            "stride": 3,
        },
        "optimiser": {"learning_rate": 1e-4, "clipnorm": 1.0},
        "schedule": {"kind": "plateau"},
        "epochs": 71,
    }


def test_a_new_field_at_its_default_changes_no_choices():
    values = recipe("deblurgan-lite", "gopro").as_dict()
    older = {name: value for name, value in values.items() if name not in ("hdc", "validate_every")}
    older["data"] = {name: value for name, value in values["data"].items() if name != "noise"}
    assert choices_of(older) == choices_of(values)
    assert upgrade(older) == values


def test_a_group_at_its_defaults_is_told_from_none():
    made = recipe("deblurgan-lite", "gopro")
    assert made.choices()["adversarial"] == {"content": "vgg19"}
    assert "hdc" not in made.choices()


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_recipes_of_committed_records(path):
    content = json.loads(path.read_text(encoding="utf-8"))
    training = content["training"]
    stored = upgrade(training["recipe"])
    made = recipe(content["model"], content["dataset"], training["profile"], content["variant"])
    # What the command line gave: a budget, and of the data what is there.
    given = {name: stored["data"].get(name) for name in ("batch", "crop", "blur")}
    made = made.changed(steps=stored["steps"], epochs=stored["epochs"], **given)
    assert choices_of(stored) == made.choices()
    assert upgrade(stored) == stored


def test_a_penalty_that_was_not_said_is_the_earlier_one():
    values = recipe("deblurgan", "gopro").as_dict()
    del values["adversarial"]["penalty"]
    assert upgrade(values)["adversarial"]["penalty"] == EARLIER_PENALTY
    assert "penalty" not in values["adversarial"]
    flat = {"loss": "wasserstein", "content": "vgg19", "critic_steps": 5}
    assert upgrade(flat)["adversarial"]["penalty"] == EARLIER_PENALTY
    assert upgrade(flat | {"loss": "relativistic"})["adversarial"]["penalty"] == ""


def test_a_flat_recipe_of_another_loss_has_no_critic():
    flat = {"loss": "mean_absolute_error", "content": "", "content_weight": 5000.0, "beta_1": 0.5}
    assert upgrade(flat)["adversarial"] is None
    assert upgrade(flat)["optimiser"]["beta_1"] == 0.5


@pytest.mark.parametrize("values", [{"colour": "red"}, {"data": {"crop": 3, "colour": "red"}}])
def test_unknown_values_are_refused(values):
    with pytest.raises(RunError, match=r"^a recipe has no 'colour'; [^\n]+$"):
        upgrade(values)
