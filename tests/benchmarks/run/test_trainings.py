"""Trainings that several commands or data sets share: killed, resumed, waited for, begun anew."""

import json
import signal
import time

import pytest

import zoo
from benchmarks.records import store
from benchmarks.run import execute
from benchmarks.run.__main__ import main
from benchmarks.training import loop, state

TOY = ("--model", "toy", "--images", "0")


@pytest.fixture
def run(street, toy):
    """Runs the command on the toy model."""

    def command(*arguments):
        return main([str(argument) for argument in (*TOY, "--data-root", street, *arguments)])

    return command


def runs_of(folder, model="toy"):
    found = (store.read(path).run for path in (folder / "runs").glob(f"*--{model}--*.json"))
    return {run.dataset: run for run in found}


def wait_for(condition, process):
    """Waits for something that a process does; fails when that ends before."""
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.02)


def last_step(results):
    """The step of the only training's last checkpoint, 0 without one."""
    found = list(results.glob("checkpoints/*/last.keras"))
    return zoo.read_notes(found[0])["step"] if found else 0


@pytest.mark.slow
def test_kill_nine_and_resume(run, process, street, tmp_path, refused):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert run("--dataset", "gopro", "--results", whole, "--steps", "2000") == 0
    asked = (*TOY, "--dataset", "gopro", "--data-root", street, "--steps", "2000", "--results", killed)
    started = process(*asked, seconds_between=0.0)
    wait_for(lambda: last_step(killed) >= 2, started)
    started.send_signal(signal.SIGKILL)
    assert started.wait() == -signal.SIGKILL
    assert 2 <= last_step(killed) < 2000
    for path in killed.rglob("*.json"):
        json.loads(path.read_text())

    (folder,) = (killed / "checkpoints").iterdir()
    line = refused(main, *asked)
    assert line.startswith(f"error: an unfinished training lies in {folder}; go on with --resume or")
    assert run("--dataset", "gopro", "--steps", "2000", "--results", killed, "--resume") == 0
    resumed, once = runs_of(killed)["gopro"], runs_of(whole)["gopro"]
    assert resumed.key == once.key
    assert resumed.training.steps == 2000
    for name, values in once.scores.values.items():
        assert resumed.scores.values[name] == pytest.approx(values, abs=2e-3)


@pytest.mark.slow
def test_a_second_command_waits_for_a_running_training(run, process, tmp_path, street, capfd):
    """Hide is scored with gopro's training: the second command neither deletes it nor trains anew."""
    steps = ("--steps", "3000", "--results", tmp_path)
    first = process(*TOY, "--dataset", "gopro", "--data-root", street, *steps, seconds_between=0.05)
    wait_for(lambda: last_step(tmp_path) >= 1, first)
    (folder,) = (tmp_path / "checkpoints").iterdir()
    assert state.in_use(folder)
    assert run("--dataset", "hide", *steps) == 0
    printed = capfd.readouterr().out
    output, _ = first.communicate()
    assert first.returncode == 0, output
    assert f"toy/image is being trained by another command in {folder}; waiting for its end" in printed
    assert "training toy/image" not in printed
    assert not state.in_use(folder)
    found = runs_of(tmp_path)
    assert found["gopro"].training == found["hide"].training
    assert list((tmp_path / "checkpoints").iterdir()) == [folder]


@pytest.mark.slow
def test_a_training_that_was_stopped_while_one_waited_is_not_deleted(run, process, tmp_path, street, refused):
    steps = ("--steps", "100000", "--results", tmp_path)
    first = process(*TOY, "--dataset", "gopro", "--data-root", street, *steps, seconds_between=0.05)
    wait_for(lambda: last_step(tmp_path) >= 1, first)
    second = process(*TOY, "--dataset", "hide", "--data-root", street, *steps)
    line = ""
    while "waiting for its end" not in line:
        line = second.stdout.readline()
        assert line, second.communicate()[0]
    first.kill()
    output, _ = second.communicate()
    assert second.returncode == 2
    assert "error: an unfinished training lies in" in output.splitlines()[-1]
    assert last_step(tmp_path) >= 1


def test_restart_trains_anew_once_for_all_data_sets(run, tmp_path, monkeypatch):
    asked = ("--dataset", "gopro,hide", "--results", tmp_path)
    assert run(*asked) == 0
    trained = []
    original = loop.train

    def counted(recipe, pairs, folder, *rest):
        trained.append(folder)
        return original(recipe, pairs, folder, *rest)

    monkeypatch.setattr(loop, "train", counted)
    for path in (tmp_path / "runs").glob("*toy*"):
        path.unlink()
    assert run(*asked, "--restart") == 0
    assert len(trained) == 1
    assert set(runs_of(tmp_path)) == {"gopro", "hide"}


class TestGrid:
    def test_a_failed_experiment_is_recorded_and_retried(self, run, tmp_path, monkeypatch, capfd):
        whole = execute.Runner._model

        def fail(self, experiment):
            if (experiment.model, experiment.dataset) == ("toy", "gopro"):
                raise ValueError("shapes differ\nand more that nobody reads")
            return whole(self, experiment)

        asked = ("--dataset", "gopro,hide", "--results", tmp_path)
        with monkeypatch.context() as patch:
            patch.setattr(execute.Runner, "_model", fail)
            assert run(*asked) == 1
        assert capfd.readouterr().err.splitlines() == ["failed: toy/image on gopro (full): ValueError: shapes differ"]
        found = runs_of(tmp_path)
        assert found["gopro"].error == "ValueError: shapes differ"
        assert found["hide"].scores.means
        assert set(runs_of(tmp_path, "identity")) == {"gopro", "hide"}

        assert run(*asked) == 0
        assert capfd.readouterr().out.count("done before") == 3
        assert runs_of(tmp_path)["gopro"].scores.means


@pytest.mark.parametrize("without", ["some epochs", "all epochs"])
def test_what_is_not_validated_in_every_epoch_is_recorded(run, tmp_path, monkeypatch, without):
    """Up to the training curves, where an epoch without validation has a gap."""
    from tests.support import fakes

    changes = {"validation": 0.0} if without == "all epochs" else {"validation": 0.4, "validate_every": ((2, 600),)}
    recipe = fakes.TOY_RECIPE.replaced(**changes, steps=None, epochs=3)
    monkeypatch.setattr(fakes, "TOY_RECIPE", recipe)
    assert run("--dataset", "gopro", "--results", tmp_path) == 0
    done = runs_of(tmp_path)["gopro"]
    assert done.training.validation_psnr is None if without == "all epochs" else done.training.validation_psnr > 0
    lines = (tmp_path / done.curve).read_text().splitlines()
    assert len(lines) == 1 + 3
    assert "NA" not in "".join(lines)
