"""The table of file formats."""

from __future__ import annotations

from common.errors import did_you_mean
from zoo.errors import ZooError
from zoo.export import litert, onnx, openvino, savedmodel
from zoo.export.base import Format

FORMATS: dict[str, Format] = {each.FORMAT.name: each.FORMAT for each in (savedmodel, onnx, litert, openvino)}


def format_named(name: str) -> Format:
    """A format by its name.

    Raises:
        ZooError: When there is none; the message names the nearest one.
    """
    if name not in FORMATS:
        raise ZooError(f"unknown format {name!r}{did_you_mean(name, FORMATS)}; take one of {', '.join(FORMATS)}")
    return FORMATS[name]
