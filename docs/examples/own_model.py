"""
A model of your own
===================

A function in a Python file, from the blurred image to the sharp one, has all that the zoo's models have.
"""

# %%
# This is ``examples/own_model.py`` of the repository:
#
# .. literalinclude:: ../../examples/own_model.py
#    :language: python
#
# It is registered by its path, and measured:

from pathlib import Path

import numpy as np

import zoo

file = next(path for path in (Path("../../examples"), Path("examples")) if path.is_dir()) / "own_model.py"
info = zoo.register_own(f"{file}:build")
variant = info.variant()
print(info.name, f"{variant.parameters:,} parameters, {variant.macs / 1e9:.2f} GMACs at 256x256")
print("sides are multiples of", info.size_multiple)

# %%
# ``deblur-zoo run --model examples/own_model.py:build --dataset reds --sample`` trains and scores it, and
# ``build_video`` is the same for three frames. Here a few steps on small images:

import tempfile

from benchmarks.run.__main__ import main

options = f"--model {file}:build --dataset cifar10 --sample --steps 20 --limit 20 --images 0"
results = tempfile.mkdtemp()
main([*options.split(), "--results", results])

# %%
# The trained weights are a Keras file like any other. Images of other sizes are padded.

(weights,) = Path(results).glob("checkpoints/*/best.keras")
print(zoo.restore(zoo.load(weights), np.zeros((33, 47, 3), np.uint8)).shape)

# %%
# The registry forgets it when Python ends, or at once:

zoo.unregister(info.name)
