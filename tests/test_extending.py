"""A model, a data set and a metric from outside the packages go through everything; nothing else knows of them."""

import csv
import dataclasses
import json

import cv2
import numpy as np
import pytest

import datasets
import zoo
from benchmarks import metrics, protocols
from benchmarks.leaderboard import __main__ as leaderboard
from benchmarks.metrics import base
from benchmarks.report import __main__ as report
from benchmarks.run import __main__ as run
from benchmarks.tables import readme
from datasets.readers.base import Reader, pair_up, scan
from tests.support import fakes

INFO = dataclasses.replace(
    datasets.info("hide"),
    name="toyset",
    title="Toy set",
    folder="TOYSET",
    splits={"train": 5, "test": 2},
    protocols=("toy",),
    train_on="",
    frame_size=(16, 20),
)
READER = Reader(
    has=lambda root, split: (root / split / "blurry").is_dir(),
    find=lambda root, split: pair_up(
        scan(root, f"{split}/blurry"), scan(root, f"{split}/sharp"), split, sharp_alone=True
    ),
)
MAE = base.Metric(
    name="mae",
    title="MAE",
    convention="8 bit divided by 255, mean absolute difference",
    unit="",
    higher_is_better=False,
    bounds=(0.0, 1.0),
    function=lambda a, b: float(np.abs(metrics.quantise(a) / 255.0 - metrics.quantise(b) / 255.0).mean()),
)
PROTOCOL = protocols.Protocol("toy", "Whole images; mean absolute difference.", ("mae", "psnr"))


@pytest.fixture
def toys():
    """All three are registered."""
    with fakes.registered_toy():
        datasets.register(INFO, READER)
        base.register(MAE)
        protocols.register(PROTOCOL)
        try:
            yield
        finally:
            protocols.unregister("toy")
            base.unregister("mae")
            datasets.unregister("toyset")


@pytest.fixture
def root(tmp_path):
    random = np.random.default_rng(0)
    for split, count in INFO.splits.items():
        for index in range(count):
            sharp = cv2.GaussianBlur(random.integers(0, 256, (16, 20, 3), np.uint8), (3, 3), 0.7)
            for kind, image in (("sharp", sharp), ("blurry", cv2.GaussianBlur(sharp, (5, 5), 1.2))):
                path = tmp_path / "TOYSET" / split / kind / f"{index}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                assert cv2.imwrite(str(path), image)
    return tmp_path


def test_from_pairs_on_disk_to_pages(toys, root, tmp_path, capsys):
    assert "toy" in zoo.list_models()
    assert datasets.verify("toyset", root).ok
    results = tmp_path / "results"
    asked = ["--model", "toy", "--dataset", "toyset", "--data-root", root, "--profile", "quick", "--results", results]
    assert run.main([str(word) for word in asked]) == 0

    found = {record["model"]: record for record in map(json.loads, (p.read_text() for p in results.glob("runs/*")))}
    assert set(found) == {"identity", "toy"}
    scores = found["toy"]["scores"]
    assert list(scores["values"]) == ["mae", "psnr"]
    assert len(scores["images"]) == 2
    assert found["toy"]["evaluation"]["coverage"] == "full"
    assert found["toy"]["training"]["steps"] == fakes.TOY_RECIPE.steps

    with (results / "leaderboard.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["model"] for row in rows} == {"identity", "toy"}
    for row in rows:
        assert float(row["mae"]) == pytest.approx(found[row["model"]]["scores"]["means"]["mae"]["mean"])
    ranked = [float(row["mae"]) for row in sorted(rows, key=lambda row: int(row["rank"]))]
    assert ranked == sorted(ranked)

    capsys.readouterr()
    assert leaderboard.main(["--results", str(results)]) == 0
    assert "MAE" in capsys.readouterr().out
    assert report.main(["--results", str(results)]) == 0
    for page in ("models/toy.html", "datasets/toyset.html"):
        assert "toy/image on toyset" in (results / "report" / page).read_text()
    marks = "".join(f"<!-- {name} -->\n<!-- /{name} -->\n" for name in ("models", "datasets", "metrics"))
    text = readme.filled(marks)
    for word in ("`toy`", "`toyset`", "`mae`"):
        assert word in text
