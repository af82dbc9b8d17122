"""
Train and score on your own pairs
=================================

Blurry images in one folder, sharp ones of the same names in another: that is all that ``--dataset folder`` asks for.
"""

# %%
# Here the pairs are cut from photographs and blurred; yours come from a camera.

import tempfile
from pathlib import Path

import numpy as np
import skimage.data
import skimage.io

from datasets.blur.on_the_fly import blurred_crop
from datasets.image import Window

folder = Path(tempfile.mkdtemp()) / "mine"
generator = np.random.default_rng(0)
for split, photograph, count in (("train", skimage.data.coffee(), 8), ("test", skimage.data.chelsea(), 2)):
    for number in range(count):
        top, left = (int(generator.integers(side - 128)) for side in photograph.shape[:2])
        window = Window(top, left, 128, 128)
        sharp = photograph[top : top + 128, left : left + 128]
        for kind, image in (("blur", blurred_crop(photograph, window, generator)), ("sharp", sharp)):
            path = folder / split / kind / f"{number:03d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            skimage.io.imsave(path, image, check_contrast=False)

# %%
# ``verify`` reads every file and says what does not fit.

import datasets

print(datasets.verify("folder", folder).counts)
pairs = datasets.load("folder", folder, split="train")
print(len(pairs), pairs.coverage, pairs[0].name)

# %%
# Train, score, and compare with the blurred images. ``--weights NAME --learning-rate 1e-5`` would fine-tune instead.

from benchmarks.run.__main__ import main

results = Path(tempfile.mkdtemp())
options = (
    f"--model atrous/tiny,identity --dataset folder --data-root {folder} --name mine "
    f"--profile quick --steps 10 --crop 64 --images 0 --results {results}"
)
main(options.split())
