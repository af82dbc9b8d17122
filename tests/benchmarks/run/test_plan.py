"""Planning: one request for all experiments, options that count for the model they are asked of, data loaded once."""

import argparse
import errno
import os
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import pytest

import zoo
from benchmarks.errors import UnfitError
from benchmarks.run import checks, data
from benchmarks.run.__main__ import main
from benchmarks.run.asking import request_of
from benchmarks.run.parser import build_parser
from benchmarks.run.plan import plan_all
from benchmarks.run.request import ModelOptions, Request
from datasets.errors import DataError
from datasets.registry import info as dataset_info
from zoo.inference.tiling import Tiles


def request(*arguments):
    return request_of(build_parser().parse_args([str(each) for each in arguments]))


class TestRequest:
    def test_nothing_but_names_is_needed(self):
        found = request("--model", "atrous", "--dataset", "reds")
        assert found == Request(models=("atrous",), datasets=("reds",))
        assert found.grid == [("identity", "reds"), ("atrous", "reds")]

    def test_commas_make_a_grid(self):
        found = request("--model", " kaist, atrous,kaist", "--dataset", "reds,gopro")
        assert found.grid == [(model, name) for name in ("reds", "gopro") for model in ("identity", "kaist", "atrous")]

    def test_a_variant_may_stand_behind_the_model(self):
        found = request("--model", "atrous/tiny,atrous/cifar10,kaist", "--dataset", "cifar10")
        variants = [found.options_of(model).variant for model, _ in found.grid]
        assert variants == [None, "tiny", "cifar10", None]

    def test_a_variant_that_there_is_not(self, refused):
        line = refused(main, "--model", "atrous/tin", "--dataset", "reds", "--sample")
        assert "no variant 'tin' (did you mean 'tiny'?)" in line
        assert "with both" in refused(main, "--model", "atrous/tiny", "--variant", "tiny", "--dataset", "reds")

    def test_the_blur_step_may_be_unknown_by_both_names(self):
        for option in ("--blind", "--unknown-step"):
            assert request("--model", "refiner", "--dataset", "hdc", option).model.blind

    def test_images_by_both_names(self):
        for option in ("--images", "--pictures"):
            assert request("--model", "atrous", "--dataset", "reds", option, "1").output.images == 1

    @pytest.mark.parametrize("option", ["--results", "--data-root", "--weights", "--store", "--psf-file"])
    def test_every_path_knows_the_home_directory(self, option, monkeypatch, tmp_path):
        monkeypatch.setenv("HOME", str(tmp_path))
        options = build_parser().parse_args(["--model", "wiener", "--dataset", "hdc", f"{option}=~/x"])
        assert getattr(options, option[2:].replace("-", "_")) == tmp_path / "x"

    def test_perceptual_weights_too(self, monkeypatch, tmp_path):
        monkeypatch.setenv("HOME", str(tmp_path))
        found = request("--model", "deblurgan", "--dataset", "gopro", "--perceptual-weights=~/vgg.h5").model
        assert (found.perceptual_weights, found.changes) == (tmp_path / "vgg.h5", {"content": "vgg19"})

    def test_without_a_home_directory_it_is_one_line(self, monkeypatch, refused):
        monkeypatch.setattr(Path, "expanduser", lambda self: (_ for _ in ()).throw(RuntimeError("no home")))
        line = refused(main, "--model", "atrous", "--dataset", "reds", "--results=~/x")
        assert "~/x: there is no such home directory; write the path out" in line

    def test_help_has_groups(self):
        titles = [group.title for group in build_parser()._action_groups]
        assert titles[2:] == [
            "data",
            "model",
            "training",
            "devices",
            "changes of the recipe",
            "scoring",
            "output",
            "several at once",
        ]
        assert isinstance(build_parser(), argparse.ArgumentParser)


class TestOptionsOfAModel:
    ASKED = ModelOptions(variant="tiny", changes={"steps": 8}, tiles=Tiles(64, 16))

    def of(self, *models):
        return Request(models=models, datasets=("cifar10",), model=self.ASKED)

    def test_a_baseline_beside_others_has_none(self):
        found = self.of("atrous", "wiener")
        assert found.options_of("atrous") == self.ASKED
        assert found.options_of("wiener") == found.options_of("identity") == ModelOptions()

    def test_a_baseline_alone_is_told_what_it_has_no_use_for(self):
        assert self.of("wiener").options_of("wiener") == self.ASKED
        assert self.of("wiener").options_of("identity") == ModelOptions()


class TestPlan:
    def plan(self, street, *arguments):
        return plan_all(request("--data-root", street, *arguments))

    def test_a_data_set_that_others_stand_in_for(self, street, toy):
        identity, toy_on_hide = self.plan(street, "--model", "toy", "--dataset", "hide")
        assert identity.data.training is None and identity.recipe is None
        assert (toy_on_hide.data.training.dataset, toy_on_hide.data.training.split) == ("gopro", "train")
        assert toy_on_hide.data.scored.dataset == "hide"
        assert toy_on_hide.name == "toy/image on hide (full)"

    def test_every_split_is_listed_once(self, street, toy, monkeypatch):
        listed = Counter()
        original = data.load

        def counted(name, root, split, **named):
            listed[name, split, named["frames"]] += 1
            return original(name, root, split=split, **named)

        monkeypatch.setattr(data, "load", counted)
        self.plan(street, "--model", "toy,carlo", "--dataset", "gopro,hide", "--variant", "image", "--crop", "24")
        assert set(listed.values()) == {1}
        assert ("gopro", "train", 1) in listed

    def test_every_experiment_is_checked_once(self, street, toy, monkeypatch):
        checked = []
        monkeypatch.setattr("benchmarks.run.plan.validate", lambda each: checked.append((each.model, each.dataset)))
        self.plan(street, "--model", "toy", "--dataset", "gopro,hide")
        assert checked == [(model, name) for name in ("gopro", "hide") for model in ("identity", "toy")]

    def test_tiles_are_said_by_the_data_set(self, street, toy, monkeypatch):
        info = replace(dataset_info("gopro"), tiles=(16, 4))
        monkeypatch.setattr("benchmarks.run.plan.dataset_info", lambda name: info)
        identity, learnt = self.plan(street, "--model", "toy", "--dataset", "gopro")
        assert (identity.tiles, learnt.tiles) == (None, Tiles(16, 4))
        *_, asked = self.plan(street, "--model", "toy", "--dataset", "gopro", "--tile", "8")
        assert asked.tiles == Tiles(8, 2)


class TestSeveral:
    """Wildcards of models and several seeds."""

    def test_models_that_match(self):
        found = request("--model", "unet*,*rous/tiny", "--dataset", "reds")
        assert found.models == ("unet1", "unet2", "unet3", "atrous/tiny")
        assert found.matched == set(found.models)
        assert request("--model", "unet1,unet*", "--dataset", "reds").matched == {"unet2", "unet3"}
        assert set(request("--model", "all", "--dataset", "reds").models) == set(zoo.list_models())

    @pytest.mark.parametrize("name", ["unat*", "*/tinny", "?"])
    def test_nothing_that_matches(self, refused, name):
        assert f"no model matches '{name}'; choose of atrous, " in refused(main, "--model", name, "--dataset", "reds")

    @pytest.mark.parametrize("seeds", [("0", "1", "2"), ("0,1,2",), ("0,1", "2", "1"), ("0, 1", "2")])
    def test_seeds_with_commas_and_spaces(self, seeds):
        assert request("--model", "atrous", "--dataset", "reds", "--seed", *seeds).seeds == (0, 1, 2)

    def test_a_training_for_every_seed_and_one_baseline(self, street, toy):
        found = plan_all(request("--model", "toy", "--dataset", "gopro", "--data-root", street, "--seed", "3,4"))
        assert [(each.model, each.seed) for each in found] == [("identity", 3), ("toy", 3), ("toy", 4)]
        assert len({each.key for each in found}) == 3
        assert [each.name for each in found][1:] == [f"toy/image on gopro (full), seed {seed}" for seed in (3, 4)]

    def test_what_does_not_go_together_is_left_out(self, street, toy, capfd):
        asked = ("--dataset", "gopro", "--data-root", street)
        found = plan_all(request("--model", "toy,wien*", *asked))
        assert [each.model for each in found] == ["identity", "toy"]
        line = "wiener must know the blur, which gopro does not tell"
        assert capfd.readouterr().err.startswith(f"left out: {line}")
        for named in ("toy,wiener", "wien*"):
            with pytest.raises(UnfitError, match=line):
                plan_all(request("--model", named, *asked))


class TestChecks:
    @pytest.fixture
    def asked(self, street, tmp_path, toy):
        """Options for a toy experiment on a copy of the small data sets that a test may damage."""
        shutil.copytree(street, tmp_path / "data")
        return ("--model", "toy", "--dataset", "gopro", "--data-root", tmp_path / "data", "--results", tmp_path / "new")

    @pytest.mark.parametrize("split", ["test", "train"])
    @pytest.mark.parametrize("side", ["blur", "sharp"])
    def test_images_of_unequal_size(self, asked, tmp_path, refused, split, side):
        scene = next((tmp_path / "data" / "GOPRO_Large" / split).iterdir())
        path = scene / side / "000002.png"
        cv2.imwrite(str(path), cv2.imread(str(path))[:20])
        line = refused(main, *asked)
        assert "000002.png" in line and "20x32" in line and "24x32" in line
        assert not (tmp_path / "new").exists()

    def test_a_crop_for_all_but_one_image(self, asked, tmp_path, refused):
        scene = next((tmp_path / "data" / "GOPRO_Large" / "train").iterdir())
        for side in ("blur", "sharp"):
            path = scene / side / "000002.png"
            cv2.imwrite(str(path), cv2.imread(str(path))[:16])
        assert "--crop 20 is larger than the frame 16x32; take 16 or less" in refused(main, *asked, "--crop", "20")

    def test_a_disk_without_room_for_checkpoints(self, asked, tmp_path, refused, monkeypatch):
        usage = shutil.disk_usage(tmp_path)
        monkeypatch.setattr(checks.shutil, "disk_usage", lambda path: usage._replace(free=1000))
        line = refused(main, *asked)
        assert "the checkpoints of toy/image need 0 MiB, 0 are free; free disk space or choose another" in line

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_folder_that_may_not_be_written(self, asked, tmp_path, refused):
        tmp_path.chmod(0o500)
        assert "cannot write" in refused(main, *asked)

    def test_a_results_folder_below_a_file(self, asked, tmp_path, refused):
        (tmp_path / "new").write_text("")
        line = refused(main, *asked, "--results", tmp_path / "new" / "results")
        assert f"{tmp_path / 'new'} is not a folder; choose another folder with --results" in line

    @pytest.mark.parametrize("name", ["loop", "a\udcff"])
    def test_names_that_no_data_set_has(self, asked, tmp_path, refused, name):
        root = tmp_path / name
        if name == "loop":
            root.symlink_to(root)
        line = refused(main, *asked, "--data-root", root)
        assert line.startswith("error: ") and "data root" in line

    def test_a_reader_that_fails_is_one_line(self, asked, refused, monkeypatch):
        def stale(*arguments, **named):
            raise DataError(f"cannot read: {os.strerror(errno.ESTALE)}")

        monkeypatch.setattr(data, "load", stale)
        assert refused(main, *asked) == "error: cannot read: Stale file handle"
