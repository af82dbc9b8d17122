"""The comparisons of `python -m benchmarks.speed`."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks import metrics
from benchmarks.speed.compare import Comparison, alternate
from datasets import frame_store, pipeline
from datasets.image import ArrayFrame, FileFrame
from datasets.pairs import Pair, Pairs

HEIGHT, WIDTH, CROP = 720, 1280, 256

# What is promised of blur that is made on the fly is promised for so many.
_CORES = 2


def crops() -> list[Comparison]:
    """Random 256x256 crop pairs per second of 720p video: frame store against decoding the PNG for every crop."""
    with _video(12) as pairs:
        frame_store.prepare(pairs, pairs.root / "store")
        stored, undecoded = frame_store.attach(pairs, pairs.root / "store")
        if undecoded:
            raise AssertionError("the store does not hold what was just prepared")
        batch, decoded_batch = 64, 4
        ours = pipeline.TrainingBatches(stored, CROP, batch)
        other = pipeline.TrainingBatches(pairs, CROP, decoded_batch)
        steps = iter(range(1_000_000))
        fast, slow = alternate(lambda: ours(next(steps)), lambda: other(next(steps)), 9)
    ours_rate, other_rate = batch / fast, decoded_batch / slow
    return [
        Comparison(
            "crop pairs of 256x256 from 720p: store / PNG decoded per crop, one thread",
            ours_rate,
            other_rate,
            "pairs/s",
            ours_rate / other_rate,
            target=20.0,
        )
    ]


def blurred_crops() -> list[Comparison]:
    """Crop pairs of 256x256 whose blur is made on the fly, as a training gets them, beside what is promised.

    Counted by the time of the processor, so that what else runs on the machine hardly matters.
    """
    from datasets.photographs import BlurredFrame
    from datasets.samples.photographs import TRAIN, photograph

    batch, rounds, promised = 8, 24, 200.0
    frames = [ArrayFrame(name, photograph(name)) for name in TRAIN]
    items = tuple(Pair("speed", "train", "", each.name, (BlurredFrame(each),), (each,)) for each in frames)
    fed = iter(pipeline.training(Pairs("speed", "train", Path(), items, "sample", "0"), CROP, batch))
    rates = []
    # The first batches are those that were made ahead.
    for number in range(5):
        start = time.process_time()
        for _ in range(rounds):
            next(fed)
        if number:
            rates.append(_CORES * rounds * batch / (time.process_time() - start))
    rate = statistics.median(rates)
    name = f"crop pairs of 256x256 blurred on the fly, {_CORES} cores: pipeline / promised"
    return [Comparison(name, rate, promised, "pairs/s", rate / promised, target=1.0)]


def training_step() -> list[Comparison]:
    """A training step fed by the pipeline against the same step on one batch held in memory."""
    import keras

    import zoo
    from benchmarks.training.loop import use_jit

    steps, batch, crop = 20, 4, 96
    with _video(12) as pairs:
        frame_store.prepare(pairs, pairs.root / "store")
        fed = iter(pipeline.training(pairs, crop, batch, store=pairs.root / "store"))
        held = next(fed)
        model = zoo.create("atrous", "tiny")
        model.compile(keras.optimizers.Adam(1e-4), "mean_absolute_error", jit_compile=use_jit("auto"))

        def from_pipeline() -> None:
            for _ in range(steps):
                model.train_on_batch(*next(fed))

        def from_memory() -> None:
            for _ in range(steps):
                model.train_on_batch(*held)

        ours, other = alternate(from_pipeline, from_memory, 9)
    return [
        Comparison(
            f"training step of tiny ATROUS_NET, {batch} crops of {crop}: memory / pipeline",
            1e3 * ours / steps,
            1e3 * other / steps,
            "ms",
            other / ours,
            target=0.95,
        )
    ]


def local_convolution() -> list[Comparison]:
    """KAIST_NET's per-pixel convolution against the form that gathers all neighbourhoods, forward and backward.

    Memory can only be compared between processes, so each form runs in its own, alternating.
    """
    figures: dict[str, list[dict[str, float]]] = {"layer": [], "patches": []}
    for _ in range(3):
        for form, collected in figures.items():
            command = [sys.executable, "-m", "benchmarks.speed.worker", "local", form]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            collected.append(json.loads(done.stdout.splitlines()[-1]))
    what = "per-pixel 5x5 convolution, 4 images of 256x256, forward and backward: layer / patches"
    rows = []
    for title, key, unit in (("peak memory", "mib", "MiB"), ("time", "ms", "ms")):
        ours, other = (statistics.median(each[key] for each in figures[form]) for form in figures)
        rows.append(Comparison(f"{what}, {title}", ours, other, unit, other / ours))
    return rows


def image_metrics() -> list[Comparison]:
    """Our SSIM and PSNR against scikit-image's on one 720p image."""
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity

    rng = np.random.default_rng(0)
    a = rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    b = np.clip(a + rng.normal(0, 10, a.shape), 0, 255).astype(np.uint8)

    def reference() -> float:
        return structural_similarity(
            a, b, channel_axis=-1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
        )

    ssim = alternate(lambda: metrics.ssim(a, b), reference, 5)
    psnr = alternate(lambda: metrics.psnr(a, b), lambda: peak_signal_noise_ratio(a, b), 9)
    return [
        _milliseconds("SSIM of a 720p image: ours / scikit-image", ssim, target=4.0),
        _milliseconds("PSNR of a 720p image: ours / scikit-image", psnr),
    ]


def _milliseconds(name: str, seconds: tuple[float, float], target: float | None = None) -> Comparison:
    """The comparison of two times."""
    ours, other = seconds
    return Comparison(name, 1e3 * ours, 1e3 * other, "ms", other / ours, target)


@contextmanager
def _video(count: int) -> Iterator[Pairs]:
    """Makes pairs of 720p PNG files as heavy as camera images: enlarged photographs with sensor noise."""
    import cv2

    from datasets.samples.photographs import TRAIN, photograph

    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        items = []
        photos = [cv2.resize(photograph(each), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC) for each in TRAIN[:4]]
        for index in range(count):
            files = []
            for kind in ("blur", "sharp"):
                noisy = np.clip(photos[index % len(photos)] + rng.normal(0, 2, (HEIGHT, WIDTH, 3)), 0, 255)
                path = folder / f"{kind}{index}.png"
                cv2.imwrite(str(path), noisy.astype(np.uint8)[..., ::-1])
                files.append(FileFrame(path.name, path))
            items.append(Pair("speed", "train", "0", f"{index:03d}", (files[0],), (files[1],)))
        yield Pairs("speed", "train", folder, tuple(items), "sample", "0")
