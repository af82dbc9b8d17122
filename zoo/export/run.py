"""One model into one file, which exists only if it restores as the model does."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from common.errors import FileError, first_line
from common.files import atomic_folder, atomic_path, expand
from zoo.errors import ZooError
from zoo.export.base import Format
from zoo.export.formats import format_named
from zoo.export.graph import Graph, Size, graph_of
from zoo.export.parity import HALF_TOLERANCE, TOLERANCE, Check, checks_of, largest_difference
from zoo.registry import spoken
from zoo.weights.store import size_of

if TYPE_CHECKING:
    import keras

DTYPES = ("float32", "float16")
"""Precisions that weights are stored in; computed is in float32."""


@dataclass(frozen=True)
class Exported:
    """A file that was written.

    Attributes:
        format: Name of its format.
        path: The file, or the folder.
        bytes: Its size.
        size: Height and width of the one image that it takes; None for any number of images of any size.
        difference: Largest difference from Keras, as a share of the largest number.
        checked: Heights and widths of the images that were compared.
    """

    format: str
    path: Path
    bytes: int
    size: Size | None
    difference: float
    checked: tuple[Size, ...]


def export(
    model: keras.Model,
    path: Path | str,
    format: str = "onnx",
    size: Size | None = None,
    dtype: str = "float32",
    overwrite: bool = False,
) -> Exported:
    """Writes a model as a file that restores images without Keras and without this package.

    The file takes `blurry`, images (batch, height, width, channels) of any size in [0, 1], and `blur_step` or `psf`
    where the model does, and gives `sharp`, the restored images in [0, 1] and of the same size. Padding to sides that
    the model takes, medians and cropping are part of it. Models for grey images take one channel.

    Before it is written, the file restores random images in its own runtime; where the result is not that of
    `zoo.restore`, nothing is written.

    Args:
        model: A model of this zoo, from `create` or `load`.
        path: A file for `"onnx"` (.onnx) and `"litert"` (.tflite), a folder for `"savedmodel"` and `"openvino"`.
        format: `"savedmodel"`, `"onnx"`, `"litert"` or `"openvino"`.
        size: Height and width, for a file that takes one image of this size and no other.
        dtype: How weights are stored: `"float32"`, or `"float16"` for half the size. Computed is in float32.
        overwrite: Whether to replace what is at the path.

    Returns:
        What was written, and how well it agrees.

    Raises:
        ZooError: For unknown names, a path that cannot be or is taken, packages that are missing, a model that the
            format cannot do, and a file that does not agree with Keras.
        FileError: When it cannot be written.
    """
    kind, path = format_named(format), expand(path)
    check_request(size, dtype)
    kind.check_path(path, overwrite)
    kind.check_installed()
    graph = graph_of(model, size, dtype == "float16")
    check_graph(kind, graph)
    return export_graph(graph, checks_of(graph), path, kind)


def check_request(size: Size | None, dtype: str) -> None:
    """Refuses sizes and precisions that cannot be.

    Raises:
        ZooError: The message says what can.
    """
    if dtype not in DTYPES:
        raise ZooError(f"unknown dtype {dtype!r} of stored weights; take {' or '.join(DTYPES)}")
    if size is not None and (len(size) != 2 or not all(isinstance(side, int) and side > 0 for side in size)):
        raise ZooError(f"size {size!r}: give height and width in pixels, such as (720, 1280), or None for any")


def check_graph(kind: Format, graph: Graph) -> None:
    """Refuses a model that a format cannot do.

    Raises:
        ZooError: The message says why.
    """
    if reason := kind.refuses(graph):
        raise ZooError(f"{kind.name} cannot do {spoken(graph.model)}: {reason}")


def export_graph(graph: Graph, checks: Sequence[Check], path: Path, kind: Format) -> Exported:
    """Writes and checks one file; see `export`.

    Args:
        graph: What goes into it.
        checks: What it must do.
        path: Where it goes; whatever is there is replaced.
        kind: The format.
    """
    whole = atomic_path if kind.ending else atomic_folder
    with whole(path) as temporary:
        with _one_line_errors(f"{spoken(graph.model)} cannot be written as {kind.name}"), warnings.catch_warnings():
            # Converters warn of what is to come in versions that they are not made for.
            warnings.simplefilter("ignore")
            kind.write(graph, temporary)
            difference = largest_difference(kind.load(temporary), checks)
        most = HALF_TOLERANCE if graph.half else TOLERANCE
        if not difference <= most:
            raise ZooError(
                f"{spoken(graph.model)} as {kind.name} differs from Keras by {difference:.1e}, more than {most:.1e}: "
                "not written; please report it with the versions of the packages"
            )
        sizes = tuple(check.size for check in checks)
        return Exported(kind.name, path, size_of(temporary), graph.size, difference, sizes)


@contextmanager
def _one_line_errors(what: str) -> Iterator[None]:
    """Makes one line of whatever a converter or a runtime raises."""
    try:
        yield
    except (ZooError, FileError):
        raise
    except OSError as error:
        # A full disk or a missing right, which the path's own block knows how to tell.
        if error.errno is not None:
            raise
        raise ZooError(f"{what}: {first_line(error)}") from error
    except Exception as error:
        raise ZooError(f"{what}: {first_line(error)}") from error
