"""Keys: the same for what computes the same, whatever is said of it; what earlier versions did is found again."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

import zoo
from benchmarks.protocols import PROTOCOLS, protocol_for
from benchmarks.recipes.recipe import choices_of, upgrade
from benchmarks.recipes.select import recipe
from benchmarks.records import store
from benchmarks.run import earlier, keys
from benchmarks.run.data import ExperimentData
from benchmarks.run.experiment import Experiment
from benchmarks.run.request import ModelOptions, OutputOptions, Request, TrainingOptions
from benchmarks.training.state import BEST, LAST
from tests.support.fakes import TOY_RECIPE, named_pairs
from zoo.inference.tiling import Tiles

RUNS = Path(__file__).resolve().parents[3] / "results" / "runs"


def experiment(results=Path("results"), **changes):
    """A toy experiment on REDS, with changes of any field."""
    pairs = named_pairs(2, 3)
    fields = {
        "request": Request(models=("toy",), datasets=("reds",), output=OutputOptions(results=results)),
        "options": ModelOptions(),
        "model": "toy",
        "variant": "image",
        "dataset": "reds",
        "seed": 42,
        "protocol": protocol_for("reds"),
        "recipe": TOY_RECIPE,
        "data": ExperimentData(scored=pairs, training=replace(pairs, fingerprint="fedcba9876543210")),
    }
    return Experiment(**(fields | changes))


class TestKeys:
    def test_prose_is_no_part_of_them(self):
        told = replace(TOY_RECIPE, source="A citation.", ours="a choice of ours")
        ours, theirs = experiment(), experiment(recipe=told)
        assert (ours.key, ours.training_key) == (theirs.key, theirs.training_key)

    @pytest.mark.parametrize(
        "change",
        [{"crop": 16}, {"learning_rate": 2e-2}, {"steps": 11}, {"precision": "float64"}, {"loss": "charbonnier"}],
        ids=str,
    )
    def test_numbers_and_choices_are(self, change):
        ours, theirs = experiment(), experiment(recipe=TOY_RECIPE.replaced(**change))
        assert ours.training_key != theirs.training_key
        assert ours.key != theirs.key

    def test_what_changes_the_scoring_only_shares_the_training(self):
        ours = experiment()
        theirs = [experiment(tiles=Tiles(64, 16)), experiment(protocol=PROTOCOLS["val300"])]
        assert {each.training_key for each in theirs} == {ours.training_key}
        assert len({each.key for each in (ours, *theirs)}) == 3

    def test_the_seed_of_a_scoring_counts_where_it_has_crops(self):
        def key(protocol, seed):
            return experiment(seed=seed, recipe=None, protocol=PROTOCOLS[protocol]).key

        assert key("full", 1) == key("full", 2)
        assert key("bologna", 1) != key("bologna", 2)

    def test_an_explicit_default_is_the_default(self):
        """`--precision float32` asks for what is done anyway."""
        assert experiment(options=ModelOptions(changes={"precision": "float32"})).key == experiment().key

    def test_they_stay_as_they_are(self):
        """Whoever changes this changes what every key is made of, and must raise `keys.VERSION`."""
        assert keys.VERSION == 2
        assert keys.key_of({"model": "atrous", "seed": 42, "start": None}) == "8b4b06526c"


def asked(run, results=RUNS.parent):
    """The experiment that a record of this repository answers."""
    pairs = replace(named_pairs(1, 1, run.dataset), fingerprint=run.evaluation.fingerprint)
    # Weights that were brought along say how they were trained, but this run did not train them.
    training = run.training if run.weights == "trained" else None
    made = None
    if training is not None:
        # Budget, crop and blur were given on the command line.
        stored = upgrade(training.recipe)
        given = {"steps": stored["steps"], "epochs": stored["epochs"], "crop": stored["data"]["crop"]}
        given["blur"] = stored["data"].get("blur")
        made = recipe(run.model, run.dataset, training.profile, run.variant).changed(**given)
    request = Request(
        models=(run.model,),
        datasets=(run.dataset,),
        output=OutputOptions(results=results),
        training=TrainingOptions(profile=training.profile if training else "quick"),
    )
    return experiment(
        request=request,
        options=ModelOptions(blind=run.evaluation.blind),
        model=run.model,
        variant=run.variant,
        dataset=run.dataset,
        seed=run.evaluation.seed,
        protocol=PROTOCOLS[run.protocol],
        recipe=made,
        data=ExperimentData(
            scored=pairs,
            training=None if training is None else replace(pairs, fingerprint=training.fingerprint),
            natural=None,
        ),
        tiles=Tiles(**msgspec.to_builtins(run.evaluation.tiles)) if run.evaluation.tiles else None,
    )


FINISHED = [
    store.read(path).run
    for path in sorted(RUNS.glob("*.json"))
    if store.read(path).done and not path.name.startswith("hdc--") and "--wiener--" not in path.name
]


class TestRecordsOfThisRepository:
    @pytest.mark.parametrize("run", FINISHED, ids=lambda run: f"{run.dataset}-{run.model}-{run.key}")
    def test_those_of_this_repository_are_done(self, run):
        """By the recipes as they are today: what is said in them may have changed, what they compute has not."""
        found = earlier.find(asked(run))
        assert found is not None
        assert (found.run.model, found.run.evaluation.fingerprint) == (run.model, run.evaluation.fingerprint)

    @pytest.fixture
    def trained(self):
        return next(run for run in FINISHED if run.training is not None)

    def test_other_data_seed_recipe_or_weights_are_not(self, trained, tmp_path):
        ours = asked(trained)
        assert earlier.same_run(trained, ours)
        pairs = replace(ours.data.scored, fingerprint="0" * 16)
        weights = tmp_path / "weights.keras"
        weights.write_bytes(b"weights")
        for other in (
            replace(ours, data=replace(ours.data, scored=pairs)),
            replace(ours, data=replace(ours.data, training=pairs)),
            replace(ours, seed=43),
            replace(ours, recipe=ours.recipe.replaced(learning_rate=1e-5)),
            replace(ours, recipe=None),
            replace(ours, options=ModelOptions(weights=weights)),
            replace(ours, options=ModelOptions(select_on_test=True)),
            replace(ours, tiles=Tiles(64, 16)),
        ):
            assert not earlier.same_run(trained, other)

    def test_a_record_that_is_silent_must_have_the_key_of_its_own_words(self, trained, tmp_path):
        """It names the weights that it started from by their path; only its key tells which they were."""
        weights = tmp_path / "weights.keras"
        weights.write_bytes(b"weights")
        ours = replace(asked(trained), options=ModelOptions(weights=weights))
        section = msgspec.structs.replace(trained.training, started_from=str(weights))
        training_key = keys.digest(
            {
                "recipe": section.recipe,
                "data": section.fingerprint,
                "seed": section.seed,
                "start": ours.training_choices["start"],
            }
        )
        key = keys.digest(
            {
                **trained.identity,
                "data": trained.evaluation.fingerprint,
                "training": training_key,
                "weights": None,
                "seed": None,
                "precision": None,
            }
        )
        started = msgspec.structs.replace(trained, training=section)
        assert not earlier.same_run(started, ours)
        assert earlier.same_run(msgspec.structs.replace(started, key=key), ours)

    def test_a_damaged_neighbour_is_passed_over(self, trained, tmp_path):
        (tmp_path / "runs").mkdir()
        (path,) = RUNS.glob(f"*{trained.key}.json")
        shutil.copy(path, tmp_path / "runs")
        (tmp_path / "runs" / f"{path.stem[:-10]}0000000000.json").write_text("{")
        found = earlier.find(asked(trained, tmp_path))
        assert found.run.key == trained.key


class TestTrainingsOfVersion1:
    FLAT = {  # noqa: RUF012
        "model": "toy",
        "variant": "image",
        "crop": 12,
        "batch": 2,
        "epochs": None,
        "steps": 10,
        "loss": "mean_absolute_error",
        "learning_rate": 1e-2,
        "clipnorm": 1.0,
        "schedule": "constant",
        "augmentation": {"shift_neighbours": 0, "rotation": 0.0, "flip": False, "brightness": 0.0},
        "validation": 0.2,
        "precision": "float32",
        "source": "none.",
        "ours": "",
    }

    @pytest.fixture
    def old(self, toy, tmp_path):
        """A folder as the first version of this project left it: a finished training with notes in its files."""
        section = {
            "dataset": "reds",
            "split": "train",
            "coverage": "full",
            "fingerprint": "fedcba9876543210",
            "pairs": 6,
            "profile": "quick",
            "recipe": self.FLAT,
            "seed": 42,
            "steps": 10,
            "epochs": 3.3,
            "seconds": 1.0,
            "best_step": 10,
            "validation_psnr": 30.0,
            "jit": "auto",
            "started_from": None,
        }
        folder = tmp_path / "checkpoints" / "toy--image--0123456789"
        model = zoo.create("toy")
        zoo.save(model, folder / LAST, {"step": 10, "steps": 10, "epoch_end": 10})
        zoo.save(model, folder / BEST, {"training": section})
        return folder

    def test_a_finished_one_is_used(self, old, tmp_path):
        assert earlier.training_folder(experiment(tmp_path)) == old

    def test_another_or_an_unfinished_one_is_not(self, old, tmp_path):
        for changes in ({"recipe": TOY_RECIPE.replaced(crop=16)}, {"options": ModelOptions(select_on_test=True)}):
            other = experiment(tmp_path, **changes)
            assert earlier.training_folder(other) == other.folder != old
        zoo.save(zoo.create("toy"), old / LAST, {"step": 8, "steps": 10, "epoch_end": 8})
        ours = experiment(tmp_path)
        assert earlier.training_folder(ours) == ours.folder

    def test_restart_leaves_it_alone(self, old, tmp_path):
        ours = experiment(tmp_path)
        again = replace(ours, request=replace(ours.request, training=TrainingOptions(restart=True)))
        assert earlier.training_folder(again) == ours.folder

    def test_its_choices_are_those_of_today(self):
        assert choices_of(upgrade(json.loads(json.dumps(self.FLAT)))) == TOY_RECIPE.choices()
