"""Training: the same seed gives the same weights, however often it was stopped in between."""

import math
import signal
from dataclasses import replace

import numpy as np
import pytest

import zoo
from benchmarks.errors import RunError
from benchmarks.training import epochs, loop, state
from benchmarks.training import pairs as training_pairs
from benchmarks.training.callbacks import Checkpoints, Plateau
from benchmarks.training.state import BEST, LAST, LOG
from benchmarks.training.tasks import Supervised
from datasets.errors import DataError
from datasets.image import FileFrame
from tests.support.fakes import TOY_RECIPE, named_pairs, picture_pairs, registered_toy

pytestmark = pytest.mark.usefixtures("toy")

COSINE = TOY_RECIPE.replaced(schedule="cosine")
# Steps too small to change anything: the validation loss stays, so epochs 1 to 6 are one plateau.
PLATEAU = TOY_RECIPE.replaced(schedule="plateau", steps=34, learning_rate=1e-12)


class Kill(BaseException):
    """Ends a training as abruptly as a process can be ended from within."""


def train(folder, recipe=COSINE, resume=False, seed=1, pairs=None, **options):
    options = state.Options(seed=seed, resume=resume, **options)
    return loop.train(recipe, pairs if pairs is not None else picture_pairs(), folder, options)


def notes(folder):
    """What the last checkpoint knows, without the clock."""
    return {name: value for name, value in zoo.read_notes(folder / LAST).items() if name != "seconds"}


def assert_same_end(folder, other):
    """Both trainings ended with the same weights, optimiser, best weights and progress."""
    for file in (LAST, BEST):
        first, second = (zoo.load(place / file, compile=True) for place in (folder, other))
        for ours, theirs in zip(first.weights, second.weights, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-5)
        if file == LAST:
            for ours, theirs in zip(first.optimizer.variables, second.optimizer.variables, strict=True):
                np.testing.assert_allclose(ours, theirs, atol=1e-5)
    first, second = notes(folder), notes(other)
    assert first.pop("best") == pytest.approx(second.pop("best"), abs=1e-4)
    plateaus = [found.pop("plateau") or {} for found in (first, second)]
    assert plateaus[0] == pytest.approx(plateaus[1], abs=1e-4)
    assert first == second


def once(monkeypatch, method, when, act, after=False):
    """Lets a method of Checkpoints `act` when `when(callback)` is first true; before or after its own work."""
    original = getattr(Checkpoints, method)
    acted = []

    def changed(self, *arguments, **named):
        if after:
            original(self, *arguments, **named)
        if not acted and when(self):
            acted.append(True)
            act()
        if not after:
            original(self, *arguments, **named)

    monkeypatch.setattr(Checkpoints, method, changed)


def kill():
    raise Kill


def ctrl_c():
    signal.raise_signal(signal.SIGINT)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A training of 10 steps in epochs of 4, 4 and 2 that nothing stopped."""
    folder = tmp_path_factory.mktemp("whole")
    with registered_toy():
        outcome = train(folder)
    return folder, outcome


@pytest.fixture(scope="module")
def plateau(tmp_path_factory):
    """A training of 34 steps in epochs of 4 whose learning rate fell at step 24."""
    folder = tmp_path_factory.mktemp("plateau")
    with registered_toy():
        train(folder, PLATEAU)
    return folder


class TestDeterminism:
    def test_same_seed_same_weights(self, whole, tmp_path):
        train(tmp_path)
        assert_same_end(tmp_path, whole[0])

    def test_another_seed_gives_other_weights(self, whole, tmp_path):
        outcome = train(tmp_path, seed=2)
        assert not np.allclose(outcome.model.weights[0], whole[1].model.weights[0], atol=1e-3)

    def test_what_the_outcome_says(self, whole):
        folder, outcome = whole
        assert (outcome.steps, outcome.epochs) == (10, 10 * 2 / 8)
        assert outcome.best_step in (4, 8, 10)
        assert 0 < outcome.seconds < 60
        assert outcome.validation_psnr == zoo.read_notes(folder / LAST)["best"]
        assert loop.outcome_of(folder, COSINE, picture_pairs()).best_step == outcome.best_step
        assert len((folder / LOG).read_text().splitlines()) == 1 + 3

    def test_the_learning_rate_fell_to_zero(self, whole):
        assert float(zoo.load(whole[0] / LAST, compile=True).optimizer.learning_rate) == pytest.approx(0, abs=1e-9)


class TestStoppedAndResumed:
    # Steps 4 and 10 end an epoch, 6 is inside one.
    @pytest.mark.parametrize("step", [4, 6, 10])
    def test_ctrl_c_ends_the_step_and_saves(self, whole, tmp_path, monkeypatch, capsys, step):
        once(monkeypatch, "on_train_batch_end", lambda c: c.progress["step"] == step - 1, ctrl_c)
        before = signal.getsignal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path)
        captured = capsys.readouterr().err
        assert "stopping after this step; Ctrl-C again stops at once" in captured
        assert f"stopped at step {step}, saved" in captured
        assert notes(tmp_path)["step"] == step
        assert signal.getsignal(signal.SIGINT) is before
        train(tmp_path, resume=True)
        assert f"resuming at step {step} of 10" in capsys.readouterr().out
        assert_same_end(tmp_path, whole[0])

    def test_ctrl_c_in_a_validation(self, whole, tmp_path, monkeypatch):
        """The epoch's steps are done; the resume makes up for the validation, in the log too."""
        once(monkeypatch, "on_test_batch_end", lambda c: c.progress["step"] == 4, ctrl_c)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path)
        assert (notes(tmp_path)["step"], notes(tmp_path)["epoch_end"]) == (4, 0)
        train(tmp_path, resume=True)
        assert_same_end(tmp_path, whole[0])
        assert (tmp_path / LOG).read_text().count("\n") == (whole[0] / LOG).read_text().count("\n")

    def test_a_second_ctrl_c_stops_at_once(self, whole, tmp_path, monkeypatch):
        def twice():
            ctrl_c()
            ctrl_c()

        once(monkeypatch, "on_train_batch_end", lambda c: c.progress["step"] == 6, twice)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path)
        assert notes(tmp_path)["step"] == 4
        train(tmp_path, resume=True)
        assert_same_end(tmp_path, whole[0])

    def test_ctrl_c_before_the_first_step(self, whole, tmp_path, monkeypatch):
        def stop(*arguments, **named):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(loop.pipeline, "training", stop)
            with pytest.raises(KeyboardInterrupt):
                train(tmp_path)
        train(tmp_path, resume=True)
        assert_same_end(tmp_path, whole[0])

    @pytest.mark.parametrize("step", [4, 7])
    def test_killed(self, whole, tmp_path, monkeypatch, step):
        monkeypatch.setattr(Checkpoints.__init__, "__defaults__", (0.0,))
        once(monkeypatch, "on_train_batch_end", lambda c: c.progress["step"] == step, kill, after=True)
        with pytest.raises(Kill):
            train(tmp_path)
        train(tmp_path, resume=True)
        assert_same_end(tmp_path, whole[0])
        assert not list(tmp_path.glob(".tmp-*"))

    def test_killed_while_the_best_is_written(self, whole, tmp_path, monkeypatch):
        save = zoo.save

        def broken(model, path, notes=None):
            if path.name == BEST and path.exists():
                raise Kill
            save(model, path, notes)

        with monkeypatch.context() as patch:
            patch.setattr(zoo, "save", broken)
            with pytest.raises(Kill):
                train(tmp_path)
        assert notes(tmp_path)["step"] == 4
        train(tmp_path, resume=True)
        assert_same_end(tmp_path, whole[0])

    def test_a_finished_training_stays_as_it_is(self, whole, capsys):
        before = (whole[0] / LAST).read_bytes()
        outcome = train(whole[0], resume=True)
        assert (whole[0] / LAST).read_bytes() == before
        assert outcome.best_step == whole[1].best_step

    def test_without_resume_it_begins_anew(self, whole, tmp_path, monkeypatch):
        once(monkeypatch, "on_train_batch_end", lambda c: c.progress["step"] == 5, ctrl_c)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path)
        train(tmp_path)
        assert_same_end(tmp_path, whole[0])
        assert len((tmp_path / LOG).read_text().splitlines()) == 1 + 3


class TestPlateau:
    def test_the_rate_is_halved_after_five_epochs_without_progress(self, plateau):
        assert float(zoo.load(plateau / LAST, compile=True).optimizer.learning_rate) == pytest.approx(5e-13)
        assert notes(plateau)["plateau"]["wait"] == 3

    # 24 is the end of the epoch in which the rate falls, 18 is inside an epoch.
    @pytest.mark.parametrize("step", [18, 24])
    def test_a_resume_remembers(self, plateau, tmp_path, monkeypatch, step):
        once(monkeypatch, "on_train_batch_end", lambda c: c.progress["step"] == step, kill)
        monkeypatch.setattr(Checkpoints.__init__, "__defaults__", (0.0 if step % 4 else math.inf,))
        with pytest.raises(Kill):
            train(tmp_path, PLATEAU)
        assert notes(tmp_path)["step"] == step
        train(tmp_path, PLATEAU, resume=True)
        assert_same_end(tmp_path, plateau)

    def test_its_state_survives_a_round_trip(self):
        plateau = Plateau("val_loss")
        assert plateau.state() == {"best": None, "wait": 0, "cooldown": 0}
        plateau.restore({"best": 0.5, "wait": 3, "cooldown": 1})
        plateau.on_train_begin()
        assert plateau.state() == {"best": 0.5, "wait": 3, "cooldown": 1}

    def test_without_a_validation_split_there_is_no_plateau(self, tmp_path):
        outcome = train(tmp_path, PLATEAU.replaced(validation=0.0, steps=2))
        assert outcome.validation_psnr is None
        assert outcome.best_step == 2


class TestTrouble:
    @pytest.mark.parametrize("rate", [1e30, math.nan])
    def test_a_loss_that_is_not_finite(self, tmp_path, rate):
        recipe = TOY_RECIPE.replaced(learning_rate=rate, loss="mean_squared_error")
        with pytest.raises(RunError, match=r"^the loss became (nan|inf) at step 2; try --precision float32[^\n]+$"):
            train(tmp_path, recipe)

    def test_a_validation_that_is_not_finite_is_never_the_best(self, tmp_path):
        trained = Supervised(zoo.create("toy"), TOY_RECIPE, 10, jit=False)
        progress = {"step": 4, "seconds": 0.0, "best": None, "best_step": None}
        checkpoints = Checkpoints(tmp_path, progress, None, trained)
        checkpoints.set_model(trained.model)
        for value in (math.nan, 20.0, math.inf, 21.0):
            checkpoints.on_epoch_end(0, {"val_psnr": value})
        assert checkpoints.progress["best"] == 21.0

    def test_a_truncated_image(self, tmp_path):
        import cv2

        def on_disk(name, pixels):
            path = tmp_path / f"{name.replace('/', '-')}.png"
            assert cv2.imwrite(str(path), pixels)
            return FileFrame(name, path)

        pairs = picture_pairs(wrap=on_disk)
        broken = pairs[2].sharp[0].path
        broken.write_bytes(broken.read_bytes()[:-40])
        with pytest.raises(RunError) as raised:
            train(tmp_path / "run", pairs=pairs, store=tmp_path / "store")
        assert str(raised.value) == f"{broken}: truncated PNG; fetch this file again"

    def test_a_folder_that_cannot_be_written(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(RunError, match=r"^cannot write [^\n]+/file/run: Not a directory; [^\n]+--results$"):
            train(tmp_path / "file" / "run")

    def test_a_full_disk_keeps_the_checkpoint_before(self, whole, tmp_path, monkeypatch):
        save = zoo.save

        def full(model, path, notes=None):
            if notes and notes["step"] > 4:
                raise zoo.ZooError(f"cannot write {path}: No space left on device")
            save(model, path, notes)

        with monkeypatch.context() as patch:
            patch.setattr(zoo, "save", full)
            with pytest.raises(zoo.ZooError, match="No space left"):
                train(tmp_path)
        train(tmp_path, resume=True)
        assert_same_end(tmp_path, whole[0])

    def test_a_crop_larger_than_the_frame(self, tmp_path):
        with pytest.raises(DataError, match=r"crop 17 is larger than the frame 16x20; use --crop 16 or less$"):
            train(tmp_path / "run", TOY_RECIPE.replaced(crop=17))
        assert not (tmp_path / "run").exists()

    def test_weights_of_another_shape_are_no_start(self, tmp_path):
        zoo.save(zoo.create("identity"), tmp_path / "other.keras")
        with pytest.raises(zoo.ZooError, match=r"holds identity/image, whose weights do not fit toy/image: 2"):
            loop.train(TOY_RECIPE, picture_pairs(), tmp_path, state.Options(), start=tmp_path / "other.keras")

    def test_weights_to_start_from(self, whole, tmp_path):
        recipe = TOY_RECIPE.replaced(steps=1, learning_rate=1e-12, validation=0.0)
        start = whole[0] / LAST
        outcome = loop.train(recipe, picture_pairs(), tmp_path, state.Options(), start=start)
        for ours, theirs in zip(outcome.model.weights, zoo.load(start).weights, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-6)


class TestBudget:
    def test_segments_cover_every_step_once_and_end_epochs_where_one_run_does(self):
        for steps in range(1, 30):
            for length in range(1, steps + 1):
                ends = {*range(length, steps + 1, length), steps}
                for start in range(steps + 1):
                    step, reached = start, set()
                    for first, epoch, last_epoch, size in epochs.segments(start, steps, length):
                        assert (first, epoch) == (step, step // length)
                        for _ in range(last_epoch - epoch):
                            step += size
                            reached.add(step)
                    assert step == steps
                    assert reached == {end for end in ends if end > start}

    def test_an_uninterrupted_run_is_one_fit_where_the_epochs_divide_it(self):
        assert list(epochs.segments(0, 12, 4)) == [(0, 0, 3, 4)]
        assert list(epochs.segments(0, 10, 4)) == [(0, 0, 2, 4), (8, 2, 3, 2)]
        assert list(epochs.segments(6, 10, 4)) == [(6, 1, 2, 2), (8, 2, 3, 2)]

    def test_steps_of_a_recipe(self):
        assert epochs.total_steps(TOY_RECIPE, 1000) == 10
        assert epochs.total_steps(TOY_RECIPE.changed(epochs=3), 101) == math.ceil(3 * 101 / 2)

    @pytest.mark.parametrize(
        ("pairs", "batch", "steps", "length"),
        [(40_000, 32, 50_000, 1250), (24_000, 4, 426_000, 2000), (8, 2, 10, 4), (8, 8, 1000, 100), (800, 2, 5, 5)],
    )
    def test_steps_between_validations(self, pairs, batch, steps, length):
        assert epochs.epoch_length(TOY_RECIPE.replaced(batch=batch), pairs, steps) == length

    def test_compiling(self):
        assert loop.use_jit("on")
        assert not loop.use_jit("off")


class TestValidationSplit:
    def test_cifar_holds_out_the_last_fifth_of_the_images(self):
        held_in, held_out = training_pairs.split_validation(named_pairs(5, 10_000, "cifar10", "train"), 0.2)
        assert (len(held_in), len(held_out)) == (40_000, 10_000)
        assert {pair.scene for pair in held_out} == {"004"}

    def test_reds_holds_out_the_last_thirty_scenes(self):
        held_in, held_out = training_pairs.split_validation(named_pairs(240, 2, split="train"), 0.125)
        assert (len(held_in.scenes), len(held_out.scenes)) == (210, 30)
        assert held_out.scenes == tuple(f"{scene:03d}" for scene in range(210, 240))

    def test_hdc_holds_out_the_same_samples_of_every_step(self):
        held_in, held_out = training_pairs.split_validation(named_pairs(20, 8, "hdc", "train"), 0.125)
        assert len(held_out) == 20
        assert set(held_out.scenes) == set(held_in.scenes)
        assert {pair.frame for pair in held_out} == {"00000007"}

    def natural(self, split, count, first=0):
        """Natural photographs as they are after they were blurred like the text."""
        pairs = named_pairs(1, count, "hdc", split, first=first)
        return replace(pairs, items=tuple(replace(pair, scene="natural") for pair in pairs))

    def test_natural_photographs_of_another_split_are_validated_on(self):
        text = named_pairs(2, 10, "hdc", "train")
        joint = training_pairs.with_validation(self.natural("train", 500), self.natural("val", 100, first=800))
        assert joint.fingerprint != self.natural("train", 500).fingerprint
        pairs = replace(text, items=(*text.items, *joint.items))
        held_in, held_out = training_pairs.split_validation(pairs, 0.1)
        assert (len(held_in), len(held_out)) == (18 + 500, 2 + 100)
        assert {pair.split for pair in held_out if pair.scene == "natural"} == {"val"}

    def test_without_another_split_natural_photographs_are_held_out_like_the_text(self):
        text, natural = named_pairs(2, 10, "hdc", "train"), self.natural("train", 4)
        pairs = replace(text, items=(*text.items, *natural.items))
        held_in, held_out = training_pairs.split_validation(pairs, 0.125)
        assert [pair.frame for pair in held_out if pair.scene == "natural"] == ["00000003"]
        assert len(held_in) == 18 + 3

    def test_one_scene_is_split_by_images(self):
        held_in, held_out = training_pairs.split_validation(named_pairs(1, 8), 0.125)
        assert [pair.frame for pair in held_out] == ["00000007"]
        assert len(held_in) == 7

    @pytest.mark.parametrize(("count", "share"), [(1, 0.5), (8, 0.0)])
    def test_nothing_to_hold_out(self, count, share):
        held_in, held_out = training_pairs.split_validation(named_pairs(1, count), share)
        assert (len(held_in), len(held_out)) == (count, 0)

    def test_no_scene_is_on_both_sides(self):
        held_in, held_out = training_pairs.split_validation(named_pairs(7, 3), 0.4)
        assert not set(held_in.scenes) & set(held_out.scenes)
        assert len(held_in) + len(held_out) == 21
