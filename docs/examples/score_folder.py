"""
Score a folder of restored images
=================================

Any program may have made the images. Here it is scikit-image's Richardson-Lucy deconvolution, which is told the blur.
"""

# %%
# Three folders with files of the same names.

import tempfile
from pathlib import Path

import numpy as np
import skimage.data
import skimage.io
import skimage.restoration
from scipy.ndimage import convolve

from datasets.blur.gaussian import psf

folder, kernel = Path(tempfile.mkdtemp()), psf(1.5)
photographs = {"chelsea": skimage.data.chelsea(), "coffee": skimage.data.coffee(), "rocket": skimage.data.rocket()}
for name, photograph in photographs.items():
    sharp = photograph[40:296, 60:316] / 255.0
    blurry = np.stack([convolve(channel, kernel) for channel in np.moveaxis(sharp, -1, 0)], axis=-1)
    channels = [skimage.restoration.richardson_lucy(blurry[..., place], kernel, num_iter=10) for place in range(3)]
    images = {"sharp": sharp, "blurry": blurry, "restored": np.stack(channels, axis=-1)}
    for kind, image in images.items():
        (folder / kind).mkdir(exist_ok=True)
        pixels = np.clip(255 * image + 0.5, 0, 255).astype(np.uint8)
        skimage.io.imsave(folder / kind / f"{name}.png", pixels, check_contrast=False)

# %%
# One command scores them, image by image, and writes a row beside those of the zoo's models.

from benchmarks.score.__main__ import main

main(
    ["--restored", str(folder / "restored"), "--sharp", str(folder / "sharp"), "--blurry", str(folder / "blurry")]
    + ["--name", "richardson-lucy", "--metrics", "psnr_y", "--csv", str(folder / "scores.csv")]
    + ["--images", "0", "--results", str(folder / "results")]
)
print((folder / "scores.csv").read_text())
