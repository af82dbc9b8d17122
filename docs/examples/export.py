"""
Export a model
==============

A model becomes a file of another runtime, which is compared with Keras before it is written.
"""

# %%
# SavedModel needs nothing more than TensorFlow; ONNX, LiteRT and OpenVINO need ``pip install '.[export]'``, and are
# left out here where that is missing.

import importlib.util
import tempfile
from pathlib import Path

import numpy as np

import zoo

folder = Path(tempfile.mkdtemp())
model = zoo.load("photo-small")
if importlib.util.find_spec("tf2onnx") and importlib.util.find_spec("onnxruntime"):
    exported = zoo.export(model, folder / "photo-small.onnx", format="onnx")
    print(f"{exported.format}: {exported.bytes:,} bytes, apart from Keras by {exported.difference:.1e} at most")
else:
    exported = None
    print("skipped: the extra `export` is not installed")

# %%
# The file takes images of any number and size in [0, 1]. Whoever runs it needs neither Keras nor this package.

if exported is not None:
    import onnxruntime

    session = onnxruntime.InferenceSession(folder / "photo-small.onnx", providers=["CPUExecutionProvider"])
    image = np.random.default_rng(0).uniform(size=(1, 50, 70, 3)).astype(np.float32)
    (sharp,) = session.run(["sharp"], {"blurry": image})
    print(sharp.shape, f"apart from Keras by {np.abs(sharp - zoo.restore(model, image[0])).max():.1e}")
