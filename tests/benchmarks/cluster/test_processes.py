"""Tasks in processes of this machine: how they end, what they may take, and that none is left over."""

import json
import threading
import time

import pytest

from benchmarks.cluster import grid, local, parcel, process
from benchmarks.cluster.progress import Board
from benchmarks.cluster.tasks import Ended, Part, Place, Task
from benchmarks.errors import RunError
from benchmarks.records import store
from common.cores import cores
from tests.support import records

WORKER = "tests.benchmarks.cluster.fake_worker"


def task(*names, seconds=1.0):
    return Task(names[0], "--".join(names), WORKER, tuple(Part(name, "", "key") for name in names), seconds)


@pytest.fixture
def place(tmp_path):
    """A results folder that this machine shares with itself."""
    results = tmp_path / "results"
    results.mkdir()
    (results / "token").touch()
    (tmp_path / "working").mkdir()
    return Place(results, "token", tmp_path / "working")


class TestProcess:
    def test_what_went_well_leaves_no_log(self, place):
        ended = process.run(task("good"), place, "here")
        assert (ended.node, ended.errors, ended.files) == ("here", {}, {})
        assert list((place.results / "logs").iterdir()) == []

    def test_one_that_fails_leaves_the_others(self, place):
        ended = process.run(task("good", "bad", "better"), place, "here")
        assert ended.errors == {"bad": "no such file"}
        assert (place.results / "logs" / "good--bad--better.log").read_text().count("log of") == 3

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("killed", "its process on here was ended by SIGKILL, perhaps for want of memory"),
            ("silent", "its process on here ended with status 3"),
        ],
    )
    def test_one_that_tells_nothing(self, place, name, reason):
        ended = process.run(task("good", name, "later"), place, "here")
        assert set(ended.errors) == {name, "later"}
        assert ended.errors[name] == f"{reason}; see logs/good--{name}--later.log in the results folder"

    def test_it_has_its_share_of_threads(self, place, monkeypatch):
        process.run(task("environment"), Place(place.results, "token", place.working, 3, {"OTHER": "x"}), "here")
        found = json.loads((place.working / "environment").read_text())
        assert {found[name] for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "NPROC")} == {"3"}
        assert found["OTHER"] == "x"
        monkeypatch.setenv("KERAS_BACKEND", "jax")
        assert process.carried()["KERAS_BACKEND"] == "jax"
        monkeypatch.setenv("OMP_NUM_THREADS", "1")
        assert cores() == 1

    def test_one_that_is_stopped_may_save(self, place):
        stop = process.Stop()
        threading.Timer(0.5, stop.asked.set).start()
        with pytest.raises(KeyboardInterrupt):
            process.run(task("waits"), place, "here", stop)
        assert (place.working / "saved").read_text() == "whole"

    def test_one_that_does_not_end_is_killed(self, place):
        stop = process.Stop()
        threading.Timer(0.5, stop.asked.set).start()
        threading.Timer(0.7, stop.at_once.set).start()
        with pytest.raises(KeyboardInterrupt):
            process.run(task("stubborn"), place, "here", stop)

    def test_without_a_shared_folder_everything_comes_back(self, place, monkeypatch, tmp_path):
        monkeypatch.setenv("DEBLUR_ZOO_CACHE", str(tmp_path / "cache"))
        (place.results / "token").unlink()
        ended = process.run(task("good"), place, "there")
        assert ended.files == {"pictures/kept.webp": b"image"}
        assert list((tmp_path / "cache" / "grid").iterdir()) == []
        assert list(place.results.iterdir()) == []


class TestParcel:
    def test_records_are_read_before_they_are_kept(self, tmp_path):
        there = records.put(tmp_path / "there")
        files = parcel.collect(tmp_path / "there")
        parcel.merge(Ended("node", 1.0, {}, files), tmp_path / "here")
        (found,) = store.read_all(tmp_path / "here").records
        assert found.run == there.run
        (name,) = files
        damaged = {name: files[name].replace(b"atrous", b"carlo")}
        with pytest.raises(RunError, match="changed after it was written"):
            parcel.merge(Ended("node", 1.0, {}, damaged), tmp_path / "again")
        assert not (tmp_path / "again" / "runs").exists()

    @pytest.mark.parametrize("name", ["../outside", "/outside"])
    def test_nothing_is_written_elsewhere(self, tmp_path, name):
        with pytest.raises(RunError, match="leads out of the results folder"):
            parcel.merge(Ended("node", 1.0, {}, {name: b""}), tmp_path)
        assert list(tmp_path.iterdir()) == []


def ran(tasks, engine, at_once=None):
    found = {}

    def take(task, ended):
        found[task.stem] = ended
        return ended

    grid.run(tasks, engine, take, at_once)
    return found


class TestGrid:
    def test_all_are_run_and_told(self, place, capfd):
        found = ran([task("good"), task("bad"), task("killed"), task("fine", "too")], local.Local(2, place), 2)
        assert set(found) == {"good", "bad", "killed", "fine--too"}
        lines = capfd.readouterr().out.splitlines()
        assert len(lines) == 5
        assert sum(line.startswith("done: ") for line in lines) == 3
        assert any(line.startswith("failed: bad on ") and ": no such file (" in line for line in lines)
        assert lines[-1].endswith("(0 queued, 0 running, 3 done, 2 failed)")

    def test_no_more_at_once_than_asked_for(self, place, monkeypatch):
        most, engine = [], local.Local(1, place)
        original = engine.start
        monkeypatch.setattr(engine, "start", lambda each: (original(each), most.append(len(engine.nodes()))))
        ran([task("one"), task("two")], engine, 1)
        assert most == [1, 1]

    def test_an_error_here_ends_all(self, place, capfd):
        def take(task, ended):
            raise RunError("disk full")

        with pytest.raises(RunError):
            grid.run([task("good"), task("waits")], local.Local(2, place), take, 2)
        assert (place.working / "saved").is_file()
        assert capfd.readouterr().err.startswith("stopping: trainings save where they are")


class TestGpus:
    def test_those_that_the_environment_allows(self, monkeypatch):
        for said, found in (("", []), ("-1", []), ("2,3", ["2", "3"])):
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", said)
            assert local.visible_gpus() == found

    def test_shares(self):
        def shares(jobs, gpus, each=None):
            return [found["CUDA_VISIBLE_DEVICES"] for found in local._devices(jobs, gpus, each)]

        assert shares(2, []) == ["-1", "-1"]
        assert shares(2, ["0", "1"]) == ["0", "1"]
        assert shares(4, ["0", "1"]) == ["0", "0", "1", "1"]
        assert shares(1, ["4", "5"], 2.0) == ["4,5"]
        assert shares(2, ["0"], 0.0) == ["-1", "-1"]
        with pytest.raises(RunError, match=r"2 jobs with 1 GPUs each need more than the 1 here; .* --gpus 0\.5"):
            shares(2, ["0"], 1.0)


class TestBoard:
    def test_time_left_goes_by_those_that_ended(self, monkeypatch):
        tasks = [task("a", seconds=10), task("b", seconds=10), task("c", seconds=30)]
        board = Board(tasks, 1)
        assert board.left == 50
        board.ended(tasks[0], Ended("node", 20.0))
        assert board.left == 80
        assert board.counts == "2 queued, 0 running, 1 done, 0 failed, about 80 s left"
        now = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: now)
        board.running({"b": "node", "unknown": "node"})
        now += 15
        assert board.left == 65
        board.ended(tasks[1], Ended("node", 1.0, {"b": "no such file"}))
        assert board.left == 60

    def test_two_at_once_take_half_the_time(self):
        assert Board([task("a", seconds=10), task("b", seconds=10)], 2).left == 10

    def test_a_cluster_shows_how_many_it_runs_at_once(self, monkeypatch):
        monkeypatch.setattr(time, "monotonic", lambda: 0.0)
        board = Board([task(name, seconds=10) for name in "abcd"], 4)
        assert board.left == 10
        board.running({"a": "node", "b": "node"})
        assert board.left == 20

    def test_a_table_on_a_terminal(self, capfd):
        import io

        from rich.console import Console

        board = Board([task("a"), task("b"), task("c")], 1)
        board.ended(task("a"), Ended("first", 20.0, {"a": "no such file"}))
        board.running({"b": "second"})
        console = Console(file=io.StringIO(), width=80)
        console.print(board._table())
        shown = [line.split() for line in console.file.getvalue().splitlines()]
        assert shown[0] == ["experiment", "state", "node", "time"]
        assert shown[1:4] == [
            ["a", "failed", "first", "20", "s"],
            ["b", "running", "second", "0", "s"],
            ["c", "queued"],
        ]
        assert " ".join(shown[4]).startswith("1 queued, 1 running, 0 done, 1 failed, about")
