"""
Restore a photograph
====================

A sharp photograph is blurred as a shaking camera does it, and restored with the weights that come with the zoo.
"""

# %%
# The camera moves over some pixels while the shutter is open; sensor noise comes on top.

import matplotlib.pyplot as plt
import numpy as np
import skimage.data

import zoo
from benchmarks import metrics
from datasets.blur.camera import Sensor
from datasets.blur.on_the_fly import Blur, apply
from datasets.image import Window

sharp = skimage.data.astronaut()
whole = Window(0, 0, *sharp.shape[:2])
blurry = apply(Blur(length=5.0, sensor=Sensor()), sharp, whole, np.random.default_rng(1))

# %%
# ``zoo.load`` takes a name of the catalogue or a ``.keras`` file, and ``zoo.restore`` an array, a path or a Pillow
# image of any size.

model = zoo.load("photo-small")
restored = zoo.restore(model, blurry)
print(f"blurred  {metrics.psnr(blurry, sharp):.2f} dB")
print(f"restored {metrics.psnr(restored, sharp):.2f} dB")

# %%
# On the command line this is ``deblur-zoo restore photo.jpg --compare``. How much is gained hangs on the weights and on
# the blur: see :doc:`/failures`.

figure, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
for axis, image, title in zip(axes, (blurry, restored, sharp), ("blurred", "restored", "sharp"), strict=True):
    axis.imshow(image[60:220, 150:310])
    axis.set_title(title)
    axis.axis("off")
