"""Which devices a training runs on: what was asked for, what is there, and what does not go together.

Nothing here imports a framework before `start`, so that planning stays quick.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

from benchmarks.errors import RunError
from benchmarks.recipes.recipe import Recipe

AUTO, CPU, GPU = "auto", "cpu", "gpu"

_NAMES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}


@dataclass(frozen=True)
class Wanted:
    """What is asked of the machine, or of several; everything at its default leaves it to the framework.

    Attributes:
        devices: `"auto"`, `"cpu"`, `"gpu"` or a number of devices of each host; empty for one.
        address: `HOST:PORT` where the first of several hosts listens; empty for one host.
        host: Which of the hosts this is, from 0.
        hosts: How many there are.
        patience: Seconds that a host waits for the others.
        tf32: Whether float32 products may round their factors to TF32; None as the framework does by itself.
        deterministic: Whether a GPU must compute the same bits every time.
    """

    devices: str = ""
    address: str = ""
    host: int = 0
    hosts: int = 1
    patience: int = 300
    tf32: bool | None = None
    deterministic: bool = False

    @property
    def number(self) -> int | None:
        """The number of devices of a host, where one was asked for."""
        if self.devices.isdecimal():
            return int(self.devices)
        return 1 if self.devices in ("", CPU) else None

    @property
    def settings(self) -> dict[str, str]:
        """What records say of it beside the devices; nothing of what was left to the framework."""
        found = {} if self.tf32 is None else {"tf32": "on" if self.tf32 else "off"}
        return found | ({"deterministic": "on"} if self.deterministic else {})


USUAL = Wanted()
"""One device, which computes as the framework does by itself."""


@dataclass(frozen=True)
class Devices:
    """The devices of a training.

    Attributes:
        names: The devices of all hosts as the framework calls them; none for the one that it takes by itself.
        hosts: Hosts that train together.
        host: Which of them this is.
    """

    names: tuple[str, ...] = ()
    hosts: int = 1
    host: int = 0

    @property
    def count(self) -> int:
        """How many there are on all hosts."""
        return max(1, len(self.names))

    @property
    def share(self) -> tuple[int, int]:
        """(which, of how many) equal parts of every batch this host makes."""
        return self.host, self.hosts

    @property
    def first(self) -> bool:
        """Whether this host writes and tells what there is to write and tell."""
        return self.host == 0

    @property
    def words(self) -> str:
        """The devices for a reader."""
        return f"{self.count} devices" + (f" of {self.hosts} hosts" if self.hosts > 1 else "")


ALONE = Devices()
"""One device of one host."""


def start(wanted: Wanted) -> None:
    """Sets up the framework as asked, before it computes anything; a second call with the same does nothing.

    Raises:
        RunError: When the framework computes already, or has no such device.
    """
    _switch(wanted)


@cache
def _switch(wanted: Wanted) -> None:
    """See `start`."""
    import keras

    backend = str(keras.backend.backend())
    try:
        _SWITCHES[backend](wanted)
    except RuntimeError as error:
        raise RunError(f"{_NAMES[backend]} computes already and takes no new settings ({error}); start anew") from error
    if wanted.devices == GPU and not _available(backend, GPU):
        raise RunError(f"--devices gpu: {_NAMES[backend]} sees no GPU here; leave it out, or see the page on GPUs")


def _switch_tensorflow(wanted: Wanted) -> None:
    import tensorflow as tf

    if wanted.devices == CPU:
        tf.config.set_visible_devices([], "GPU")
    if wanted.tf32 is not None:
        tf.config.experimental.enable_tensor_float_32_execution(wanted.tf32)
    if wanted.deterministic:
        tf.config.experimental.enable_op_determinism()


def _switch_jax(wanted: Wanted) -> None:
    import jax

    if wanted.devices == CPU:
        jax.config.update("jax_platforms", "cpu")
    if wanted.tf32 is not None:
        jax.config.update("jax_default_matmul_precision", "tensorfloat32" if wanted.tf32 else "float32")
    if wanted.deterministic:
        # Read when the first GPU is looked for.
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_gpu_deterministic_ops=true".strip()


def _switch_torch(wanted: Wanted) -> None:
    import torch

    if wanted.devices == CPU and torch.cuda.is_available():
        raise RunError("--devices cpu: PyTorch has a GPU; hide it with CUDA_VISIBLE_DEVICES=-1 before the command")
    if wanted.tf32 is not None:
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = wanted.tf32
    if wanted.deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)


_SWITCHES = {"tensorflow": _switch_tensorflow, "jax": _switch_jax, "torch": _switch_torch}


def found(wanted: Wanted, recipe: Recipe) -> Devices:
    """The devices that a recipe is trained on.

    Args:
        wanted: What is asked for; `start` has been called with it, and several hosts have met.
        recipe: The recipe.

    Raises:
        RunError: When there are not so many, or they cannot share its batch.
    """
    import keras

    backend = str(keras.backend.backend())
    kind = GPU if on_gpu(wanted) else CPU
    there = _available(backend, kind)
    # The smallest host decides: every one must have as many.
    least = min(map(len, there)) if there else 1
    number = wanted.number
    if number is None:
        fitting = [n for n in range(1, least + 1) if _fits(recipe, n * wanted.hosts)]
        number = least if wanted.devices == GPU or kind == CPU else max(fitting, default=1)
        number = 1 if kind == CPU else number
    if number > least:
        if backend == "torch":
            raise RunError(
                f"--devices {number}: PyTorch trains on one device; several are for KERAS_BACKEND=jax or tensorflow"
            )
        raise RunError(f"--devices {number}: {_NAMES[backend]} sees {least} ({kind}) here; take at most as many")
    check(recipe, number * wanted.hosts)
    _check_backend(recipe, number * wanted.hosts, backend)
    if number * wanted.hosts == 1:
        return ALONE
    return Devices(tuple(name for host in there for name in host[:number]), wanted.hosts, wanted.host)


def on_gpu(wanted: Wanted) -> bool:
    """Whether a training computes on a GPU."""
    import keras

    return wanted.devices != CPU and bool(_available(str(keras.backend.backend()), GPU))


def check(recipe: Recipe, count: int) -> None:
    """Refuses a recipe whose batch so many devices cannot share.

    Raises:
        RunError: In one line that says what to do.
    """
    if count > 1 and recipe.adversarial is not None:
        raise RunError(
            f"{recipe.model} is trained against a critic that looks at the batch as a whole, on one device; leave "
            "--devices and --hosts out"
        )
    parts = recipe.optimiser.accumulate
    if recipe.data.batch % (count * parts):
        shared = f"{count} devices" + (f" in {parts} parts (--accumulate)" if parts > 1 else "")
        larger = -(-recipe.data.batch // (count * parts)) * count * parts
        raise RunError(
            f"the batch of {recipe.data.batch} of {recipe.model} does not divide over {shared}; take other --devices, "
            f"or --batch-size {larger}"
        )


def _fits(recipe: Recipe, count: int) -> bool:
    try:
        check(recipe, count)
    except RunError:
        return False
    return True


def _check_backend(recipe: Recipe, count: int, backend: str) -> None:
    """Refuses what the running backend cannot do."""
    parts = recipe.optimiser.accumulate
    if parts > 1 and backend == "torch":
        raise RunError("--accumulate is for TensorFlow and JAX; with PyTorch take a smaller --batch-size")
    if count == 1 or backend != "tensorflow":
        return
    if parts > 1:
        # Keras takes accumulated gradients inside a condition, where replicas cannot exchange them.
        raise RunError("--accumulate on several devices is for KERAS_BACKEND=jax; TensorFlow does one or the other")
    if recipe.precision == "mixed_float16":
        raise RunError("mixed_float16 on several devices is for KERAS_BACKEND=jax; take --precision mixed_bfloat16")


def _available(backend: str, kind: str) -> list[list[str]]:
    """The names of the devices of a kind, of each host; nothing where there are none."""
    if backend == "tensorflow":
        import tensorflow as tf

        names = [device.name for device in tf.config.list_logical_devices(kind.upper())]
        return [names] if names else []
    if backend == "jax":
        import jax

        of_hosts: dict[int, list[str]] = {}
        with suppress(RuntimeError):
            # JAX raises where a platform is missing.
            for device in jax.devices(kind):
                of_hosts.setdefault(device.process_index, []).append(f"{device.platform}:{device.id}")
        return [of_hosts[host] for host in sorted(of_hosts)]
    import torch

    return [[kind]] if kind == CPU or torch.cuda.is_available() else []
