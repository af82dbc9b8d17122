"""Where the blur of scored images is known from."""

from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.errors import RunError
from benchmarks.evaluation.psf import KnownBlur, together
from datasets.blur.estimate import Blur
from datasets.errors import DataError
from datasets.hdc import single_step
from tests.support.fakes import named_pairs


def pairs_of(*steps, dataset="hdc", split="test"):
    """Pairs with a blur step in their metadata."""
    pairs = named_pairs(1, len(steps), dataset, split)
    items = (replace(pair, metadata={"step": step}) for pair, step in zip(pairs, steps, strict=True))
    return replace(pairs, items=tuple(items))


def test_a_sigma_is_enough():
    known = KnownBlur("sigma")
    pair = replace(named_pairs(1, 1, "cifar10", "test")[0], metadata={"sigma": 2.0})
    blur = known.of_pairs([pair])(pair)
    assert (blur.psf.sum(), blur.offset) == (pytest.approx(1.0), 0.0)
    place = np.arange(len(blur.psf)) - len(blur.psf) // 2
    # 8-bit taps of OpenCV's kernel, which ends at three sigma.
    assert np.sqrt((blur.psf.sum(axis=0) * place**2).sum()) == pytest.approx(2.0, abs=0.1)
    assert known.as_dict() == {"source": "the sigma of each picture"}


def test_a_file_gives_the_blur_of_its_steps(tmp_path):
    path = tmp_path / "psf.npz"
    np.savez(path, psf_04=np.full((3, 3), 0.1), offset_04=0.05)
    known = KnownBlur("estimated", psf_file=path)
    pairs = pairs_of(4, 4)
    assert known.of_pairs(pairs)(pairs[1]).offset == 0.05
    assert known.as_dict()["source"].startswith("file sha256:")
    with pytest.raises(RunError, match=r"^hdc: the blur of step 7 is neither in the training release nor in a file"):
        known.of_pairs(pairs_of(4, 7))
    path.write_bytes(b"no arrays")
    with pytest.raises(DataError, match=r"psf\.npz: cannot be read"):
        known.of_pairs(pairs)


def test_estimation_takes_the_training_pairs_of_each_step_and_shows_progress(monkeypatch):
    training = pairs_of(2, 2, 5, 9, split="train")
    asked, shown = [], []

    def estimated(pairs, progress):
        asked.append(len(pairs))
        progress(10**6, 0.5)
        return Blur(np.full((3, 3), 0.1), float(pairs[0].metadata["step"]))

    @contextmanager
    def bar(title):
        yield lambda done, total: shown.append((title, done == total))

    monkeypatch.setattr(single_step, "estimated_blur", estimated)
    known = KnownBlur("estimated", training)
    scored = pairs_of(2, 5, 5)
    blur_of = known.of_pairs(scored, bar)
    assert [blur_of(pair).offset for pair in scored] == [2.0, 5.0, 5.0]
    assert asked == [2, 1]
    assert shown == [("estimating the blur of step 2", True), ("estimating the blur of step 5", True)]
    assert known.as_dict() == {"source": "estimated on the training release", "fingerprint": training.fingerprint}
    assert known.of_pairs(scored)(scored[0]).offset == 2.0


def test_functions_of_several_sizes_go_together():
    functions, offsets = together([Blur(np.full((3, 3), 1 / 9), 0.1), Blur(np.ones((1, 1)), 0.2)])
    assert functions.shape == (2, 3, 3) and offsets.shape == (2, 1, 1, 1)
    np.testing.assert_array_equal(functions[1], [[0, 0, 0], [0, 1, 0], [0, 0, 0]])
