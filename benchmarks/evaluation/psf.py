"""Where the blur of a data set's images is known from, for models that deconvolve with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.errors import RunError
from common.files import file_hash
from common.progress import Bar, silent, up_to
from datasets.blur import gaussian
from datasets.blur.estimate import EVALUATIONS, Blur
from datasets.hdc import simulation, single_step
from datasets.pairs import Pair, Pairs

BlurOf = Callable[[Pair], Blur]


@dataclass(frozen=True)
class KnownBlur:
    """Where the blur of scored images comes from.

    Attributes:
        kind: `"sigma"` (of a Gaussian, in each pair's metadata) or `"estimated"` (by blur step), as the data set's
            entry says in `known_blur`.
        training_pairs: The training split, to estimate the blur of each step on; None with a file.
        psf_file: Point spread functions of the steps, see `datasets.hdc.simulation.read_defocus`; None to estimate
            them.
    """

    kind: str
    training_pairs: Pairs | None = None
    psf_file: Path | None = None

    def as_dict(self) -> dict[str, str]:
        """What tells it from another source, for records.

        Raises:
            RunError: When the file cannot be read.
        """
        if self.psf_file is not None:
            return {"source": f"file sha256:{file_hash(self.psf_file, 'file with --psf-file')}"}
        if self.training_pairs is None:
            return {"source": "the sigma of each picture"}
        return {"source": "estimated on the training release", "fingerprint": self.training_pairs.fingerprint}

    def of_pairs(self, pairs: Sequence[Pair], bar: Bar = silent) -> BlurOf:
        """What gives the blur of each of some pairs; estimates it where that was not done before.

        Args:
            pairs: The pairs.
            bar: Shows how far an estimation is.

        Raises:
            RunError: When a blur step is nowhere known from.
            DataError: When a file cannot be read.
        """
        if self.kind == "sigma":
            return lambda pair: Blur(gaussian.psf(pair.metadata["sigma"]), 0.0)
        steps = sorted({pair.metadata["step"] for pair in pairs})
        blurs = self._estimated(steps, bar) if self.psf_file is None else simulation.read_defocus(self.psf_file)
        missing = [step for step in steps if step not in blurs]
        if missing:
            raise RunError(
                f"{pairs[0].dataset}: the blur of step {missing[0]} is neither in the training release nor in a file; "
                "leave the step out with --blur-steps or give --psf-file"
            )
        return lambda pair: blurs[pair.metadata["step"]]

    def _estimated(self, steps: Sequence[int], bar: Bar) -> dict[int, Blur]:
        """The blur of every step that the training split has, estimated on its first sample."""
        if self.training_pairs is None:
            return {}
        blurs = {}
        for step, own in single_step.by_step(self.training_pairs).items():
            if step in steps:
                with bar(f"estimating the blur of step {step}") as progress:
                    blurs[step] = single_step.estimated_blur(own, up_to(progress, EVALUATIONS))
        return blurs


def together(blurs: Sequence[Blur]) -> tuple[np.ndarray, np.ndarray]:
    """Point spread functions padded to one size (count, side, side), and offsets (count, 1, 1, 1)."""
    side = max(len(blur.psf) for blur in blurs)
    functions = [np.pad(blur.psf, (side - len(blur.psf)) // 2) for blur in blurs]
    offsets = np.array([blur.offset for blur in blurs], np.float32)
    return np.stack(functions), offsets.reshape(-1, 1, 1, 1)
