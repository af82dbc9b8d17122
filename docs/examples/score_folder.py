"""
Score a folder of restored images
=================================

Any program may have made the images. Here they are blurred by a Gaussian and sharpened by an unsharp mask.
"""

# %%
# Three folders with files of the same names.

import tempfile
from pathlib import Path

import numpy as np
import skimage.data
import skimage.io
from skimage.filters import gaussian

folder = Path(tempfile.mkdtemp())
photographs = {"chelsea": skimage.data.chelsea(), "coffee": skimage.data.coffee(), "rocket": skimage.data.rocket()}
for name, photograph in photographs.items():
    sharp = photograph[40:296, 60:316] / 255.0
    blurry = gaussian(sharp, sigma=1.5, channel_axis=-1)
    restored = blurry + 1.5 * (blurry - gaussian(blurry, sigma=1.5, channel_axis=-1))
    images = {"sharp": sharp, "blurry": blurry, "restored": restored}
    for kind, image in images.items():
        (folder / kind).mkdir(exist_ok=True)
        pixels = np.clip(255 * image + 0.5, 0, 255).astype(np.uint8)
        skimage.io.imsave(folder / kind / f"{name}.png", pixels, check_contrast=False)

# %%
# One command scores them, image by image, and writes a row beside those of the zoo's models.

from benchmarks.score.__main__ import main

options = (
    f"--restored {folder}/restored --sharp {folder}/sharp --blurry {folder}/blurry --name unsharp-mask "
    f"--metrics psnr_y --csv {folder}/scores.csv --images 0 --results {folder}/results"
)
main(options.split())
print((folder / "scores.csv").read_text())
