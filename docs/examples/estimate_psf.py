"""
Estimate a point spread function
================================

How a camera blurs, from a sharp and a blurry photograph of one scene; then deconvolution with what was found.
"""

# %%
# A photograph, and the same out of focus, with a little stray light.

import matplotlib.pyplot as plt
import numpy as np
import skimage.data

import zoo
from benchmarks import metrics
from datasets.blur.defocus import aperture, defocus
from datasets.blur.estimate import estimate

sharp = (skimage.data.camera()[100:356, 100:356] / 255.0).astype(np.float32)
true = aperture(3.0)
blurry = defocus(sharp, true)
blurry = np.clip(blurry + np.random.default_rng(0).normal(0, 0.002, blurry.shape), 0, 1).astype(np.float32)

# %%
# The search needs nothing but the two, and a side that holds the blur. On the command line it is
# ``deblur-zoo datasets estimate-psf``.

blur = estimate(sharp, blurry, side=11, evaluations=80)
print(f"sum {blur.psf.sum():.3f}, offset {blur.offset:+.4f}, error {np.sqrt(blur.losses[-1]):.4f}")

# %%
# ``wiener`` divides by a known blur.

restored = zoo.restore(zoo.create("wiener"), blurry[..., np.newaxis], psf=blur.psf)
for name, image in (("blurred", blurry), ("restored", restored[..., 0])):
    print(f"{name:<9}{metrics.psnr(image[..., np.newaxis], sharp[..., np.newaxis]):.2f} dB")

figure, axes = plt.subplots(1, 4, figsize=(10, 2.9), layout="constrained")
shown = {"true": true, "estimated": blur.psf, "blurred": blurry, "restored": restored[..., 0]}
for axis, (title, image) in zip(axes, shown.items(), strict=True):
    axis.imshow(image, cmap="magma" if title in ("true", "estimated") else "gray")
    axis.set_title(title)
    axis.axis("off")
