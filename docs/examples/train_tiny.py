"""
Train a tiny model
==================

A few steps of training, a score, a record and a leaderboard, as ``deblur-zoo run`` does it. So few steps gain little;
``make bench`` takes some minutes and shows more.
"""

# %%
# The command is a function, too. ``--sample`` makes a small data set in the layout of CIFAR-10.

import tempfile
from pathlib import Path

from benchmarks.run.__main__ import main

results = Path(tempfile.mkdtemp())
options = (
    "--model atrous/tiny --dataset cifar10 --sample --profile quick --steps 60 --limit 50 --images 0 "
    f"--results {results}"
)
main(options.split())

# %%
# What is left: a record with every image's scores, the training's curve, the file that repeats the experiment, and the
# leaderboard.

for path in sorted(results.rglob("*")):
    if path.is_file() and not path.name.startswith(".") and "checkpoints" not in path.parts:
        print(path.relative_to(results))

# %%
# What a step of such a training sees, in Python: batches of TensorFlow's input pipeline, seeded, for any ``fit``.

import datasets
import zoo
from datasets.samples.build import sample_root

pairs = datasets.load("cifar10", root=sample_root("cifar10"), split="train")
batches = datasets.pipeline.training(pairs, crop=32, batch=16)
blurry, sharp = next(iter(batches))
model = zoo.create("carlo", "tiny")
model.compile("adam", "mean_absolute_error")
print(f"loss of one step: {model.train_on_batch(blurry, sharp):.4f}")
