"""
Read a record
=============

A run leaves one JSON file with every image's scores. Leaderboard, tables and report are made of nothing else.
"""

# %%
# The records of the repository; yours are in ``results`` of the folder in which you ran.

from pathlib import Path

from benchmarks.records import store

folder = next(path for path in (Path("../../results"), Path("results")) if (path / "runs").is_dir())
found = store.read_all(folder)
print(len(found.done), "finished runs;", len(found.problems), "files that cannot be read")

# %%
# A record is typed: what there is can be asked for.

record = next(each for each in found.done if each.run.model == "maxim")
run = record.run
print(record.path.name)
print(run.dataset, run.protocol, run.evaluation.coverage, "weights:", run.weights)
for name, mean in run.scores.means.items():
    print(f"{name:<15}{mean.mean:.4f}  95 % interval {mean.low:.4f} to {mean.high:.4f}")

# %%
# Two runs on the same images are compared image by image.

import matplotlib.pyplot as plt

from benchmarks.metrics import paired_difference

before = next(
    each.run
    for each in found.done
    if each.run.model == "identity" and each.run.evaluation.fingerprint == run.evaluation.fingerprint
)
gain = paired_difference(run.scores.values["psnr"], before.scores.values["psnr"])
print(f"gain {gain.mean:.2f} dB, 95 % interval {gain.low:.2f} to {gain.high:.2f}")

figure, axis = plt.subplots(figsize=(6, 3), layout="constrained")
places = range(1, len(run.scores.images) + 1)
axis.plot(places, before.scores.values["psnr"], "o", label="blurred")
axis.plot(places, run.scores.values["psnr"], "o", label="restored")
axis.set(xlabel="image", ylabel="PSNR (dB)")
axis.legend()
plt.show()
