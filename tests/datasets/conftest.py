"""Small data sets in the official layouts, written file by file."""

import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest


class Layouts:
    """Writes pieces of official layouts below one folder; images are 8x12 unless a test asks for more."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.random = np.random.default_rng(0)

    def image(self, name: str, size: tuple[int, int] = (8, 12), *, grey16: bool = False) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shape, high, kind = (size, 65536, np.uint16) if grey16 else ((*size, 3), 256, np.uint8)
        assert cv2.imwrite(str(path), self.random.integers(0, high, shape).astype(kind))
        return path

    def text(self, name: str, content: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return path

    def gopro(self, split, sequence, numbers, kinds=("blur", "sharp")):
        for kind in kinds:
            for number in numbers:
                self.image(f"{split}/{sequence}/{kind}/{number:06d}.png")

    def reds(self, split, video, numbers, kinds=("blur", "sharp"), suffix=".png"):
        for kind in kinds:
            for number in numbers:
                ending = ".png" if kind == "sharp" else suffix
                self.image(f"{split}/{split}_{kind}/{video}/{number:08d}{ending}")

    def hide(self):
        for number in (1, 2):
            self.image(f"train/{number}.png")
            self.image(f"GT/{number}.png")
        for folder, name in (("test-close-ups", "3fromA"), ("test-long-shot", "4fromB"), ("test-long-shot", "5fromB")):
            self.image(f"test/{folder}/{name}.png")
            self.image(f"GT/{name}.png")

    def realblur(self, kind, split, scene, frames):
        images = {"J": "RealBlur-J", "R": "RealBlur-R_BM3D"}[kind] + "_ECC_IMCORR_centroid_itensity_ref"
        names = [[f"{images}/{scene}/{side}/{side}_{frame}.png" for side in ("gt", "blur")] for frame in frames]
        self.listed(f"RealBlur_{kind}_{split}_list.txt", names)

    def rsblur(self, split, scene, numbers):
        kinds = ("gt/gt_sharp.png", "real_blur/real_blur.png")
        names = [[f"{scene}/{number:06d}/{kind}" for kind in kinds] for number in numbers]
        self.listed(f"RSBlur_real_{split}.txt", names, "RSBlur/")

    def listed(self, name, pairs, prefix=""):
        for pair in pairs:
            for path in pair:
                self.image(path)
        self.text(name, "".join(f"{prefix}{sharp} {prefix}{blurry} \n" for sharp, blurry in pairs))

    def hdc(self, step, font, samples, text="abc\n  def\nghi"):
        name = {"Times": "timesR", "Verdana": "verdanaRef"}[font]
        for sample in samples:
            for camera in ("CAM01", "CAM02"):
                stem = f"step{step}/{font}/{camera}/focusStep_{step}_{name}_size_30_sample_{sample:04d}"
                self.image(f"{stem}.tif", grey16=True)
                self.text(f"{stem}.txt", text)

    def hdc_test(self, folder, step, samples, text="R2D2 abcd\nc3po 1234\nxyz 90"):
        for sample in samples:
            for camera in ("CAM01_focused", "CAM02_blurred"):
                stem = f"{folder}/{camera}/focusStep_{step}_timesR_size_30_sample_{sample:04d}"
                self.image(f"{stem}.tif", grey16=True)
                self.text(f"{stem}.txt", text)

    def cifar(self, batch, count):
        data = self.random.integers(0, 256, (count, 3072)).astype(np.uint8)
        labels = [int(label) for label in self.random.integers(0, 10, count)]
        self.pickle(batch, {b"data": data, b"labels": labels})
        return data

    def pickle(self, name, content):
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_bytes(pickle.dumps(content, protocol=2))


@pytest.fixture(scope="session")
def samples_root(tmp_path_factory) -> Path:
    """Every built-in sample but that of hdc, whose photographs are large, built once."""
    from datasets import samples

    folder = tmp_path_factory.mktemp("samples")
    for name in ("cifar10", "gopro", "hide", "reds", "kohler", "div2k"):
        samples.build(name, folder)
    return folder


@pytest.fixture(scope="session")
def small_text(tmp_path_factory) -> Path:
    """The layout of hdc with pages as the simulation shows them, cut to a third of their height and width."""
    from datasets.hdc import simulation
    from datasets.samples.photographs import write_image

    root, middle = tmp_path_factory.mktemp("text"), np.s_[400:1060, 550:1810]
    generator = np.random.default_rng(0)
    for font, name in (("Times", "timesR"), ("Verdana", "verdanaRef")):
        light = simulation.show(["VrkQCAeNBZ", "RcsijkFLTX", "GgceTmrxD2"], font)[middle]
        for step in (1, 2, 4, 10):
            stem = f"focusStep_{step}_{name}_size_30_sample_0001"
            views = {"CAM01": (None, None), "CAM02": (simulation.defocus_of(step), simulation.second_camera(step))}
            for camera, (blur, geometry) in views.items():
                folder = root / f"step{step}" / font / camera
                write_image(folder / f"{stem}.tif", simulation.photograph(light, blur, geometry, generator))
                (folder / f"{stem}.txt").write_text("VrkQCAeNBZ\nRcsijkFLTX\nGgceTmrxD2")
    return root


@pytest.fixture
def layouts(tmp_path) -> Layouts:
    return Layouts(tmp_path)
