"""What a file format must tell and do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from zoo.errors import ZooError
from zoo.export.graph import Graph

Runtime = Callable[[Mapping[str, np.ndarray]], np.ndarray]
"""A loaded file: arrays by the names of the inputs -> the restored images."""

EXTRA = "pip install -e '.[export]'"


def nothing_to_refuse(graph: Graph) -> str:
    """For formats that can do every model."""
    return ""


@dataclass(frozen=True)
class Format:
    """A file format.

    Attributes:
        name: As commands take it.
        title: As its makers write it.
        ending: Of its files; empty for formats that are folders.
        content: Name of a file that is in every such folder.
        needs: Modules that it is written with and run with -> packages that bring them.
        write: Writes a graph to a path, a file or an empty folder that is there.
        load: Loads what is at a path in the format's own runtime.
        refuses: Why the format cannot do a graph, in words, empty where it can.
    """

    name: str
    title: str
    ending: str
    content: str
    needs: Mapping[str, str]
    write: Callable[[Graph, Path], None]
    load: Callable[[Path], Runtime]
    refuses: Callable[[Graph], str] = nothing_to_refuse

    def check_installed(self) -> None:
        """Refuses a format whose packages are not here.

        Raises:
            ZooError: The message names them and the command that installs them.
        """
        missing = [package for module, package in self.needs.items() if find_spec(module) is None]
        if missing:
            raise ZooError(f"{self.name} needs {', '.join(missing)}, not installed here; {EXTRA}")

    def check_path(self, path: Path, overwrite: bool) -> None:
        """Refuses a path that cannot be, or must not be, written to.

        Raises:
            ZooError: For another ending, for what exists unless it is to be overwritten, and for a file where a folder
                goes or the other way round.
        """
        if self.ending and path.suffix != self.ending:
            raise ZooError(
                f"{path}: {self.title} files end in {self.ending}; name it {path.stem or 'NAME'}{self.ending}"
            )
        if not self.ending and path.suffix in (".onnx", ".tflite", ".xml", ".pb", ".keras"):
            raise ZooError(f"{path}: {self.title} is a folder; leave {path.suffix} out")
        if not path.exists() and not path.is_symlink():
            return
        if not overwrite:
            raise ZooError(f"{path} exists; take another name, or --overwrite to replace it")
        if self.ending and not path.is_file():
            raise ZooError(f"{path} is no file; take another name")
        # Folders are replaced as a whole: one with anything else in it is not this command's to delete.
        if not self.ending and not (path / self.content).is_file():
            raise ZooError(f"{path} is no {self.title} folder ({self.content} is missing); take another name")
