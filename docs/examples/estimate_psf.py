"""
Estimate a point spread function
================================

How a camera blurs, from a sharp and a blurry photograph of one scene; then deconvolution with what was found.
"""

# %%
# A photograph, and the same out of focus, rounded to 8 bit.

import matplotlib.pyplot as plt
import numpy as np
import skimage.data

import zoo
from benchmarks import metrics
from datasets.blur.defocus import aperture, defocus
from datasets.blur.estimate import estimate

sharp = (skimage.data.camera()[100:356, 100:356] / 255.0).astype(np.float32)
true = aperture(3.0)
blurry = (np.round(255 * defocus(sharp, true)) / 255).astype(np.float32)

# %%
# The search needs nothing but the two, and a side that holds the blur. On the command line it is
# ``deblur-zoo datasets estimate-psf``.

blur = estimate(sharp, blurry, side=9, evaluations=150)
print(f"sum {blur.psf.sum():.3f}, offset {blur.offset:+.4f}, error {np.sqrt(blur.losses[-1]):.4f}")

# %%
# ``wiener`` divides by a known blur; ``balance`` says how smooth the result shall be, more so where the blur is not
# known exactly or there is noise. Nobody knows what lies beyond the border, so that is left out of the score.

restored = zoo.restore(zoo.create("wiener", balance=1e-3), blurry[..., np.newaxis], psf=blur.psf)
inner = np.s_[16:-16, 16:-16, np.newaxis]
for name, image in (("blurred", blurry), ("restored", restored[..., 0])):
    print(f"{name:<9}{metrics.psnr(image[inner], sharp[inner]):.2f} dB")

figure, axes = plt.subplots(1, 4, figsize=(10, 2.9), layout="constrained")
shown = {"true": true, "estimated": blur.psf, "blurred": blurry, "restored": restored[..., 0]}
for axis, (title, image) in zip(axes, shown.items(), strict=True):
    axis.imshow(image, cmap="magma" if title in ("true", "estimated") else "gray")
    axis.set_title(title)
    axis.axis("off")
