"""What a user's text for a model means: which file, and which function in it."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from common.errors import did_you_mean
from common.files import HASH_DIGITS, expand, file_hash
from zoo.errors import ZooError

WEIGHTS = (".pth", ".pt", ".ckpt", ".safetensors")
"""Endings of files with weights of others, from which a model is recognised."""

FILES = (".keras", ".onnx", *WEIGHTS)
"""Endings of files that are a model by themselves."""

_PYTHON = ".py"
_LONGEST = 200


@dataclass(frozen=True)
class Source:
    """A model of a user's own, found but not yet built.

    Attributes:
        text: What the user gave.
        path: The file that holds it.
        function: Name of the function in it; empty for a file that is a model by itself.
        module: The module that was named, where it was one; empty for a path.
    """

    text: str
    path: Path
    function: str = ""
    module: str = ""

    @property
    def name(self) -> str:
        """The model's name: the file's without its ending, then the function's or the ending.

        >>> Source("nets/my net.py:build", Path("nets/my net.py"), "build").name
        'my_net-build'
        """
        stem = re.sub(r"\W+", "_", self.path.stem, flags=re.ASCII).strip("_") or "model"
        return f"{stem}-{self.function or self.path.suffix[1:]}"

    @property
    def sha256(self) -> str:
        """The first digits of the file's SHA-256."""
        return file_hash(self.path, "file with --model")


def is_own(text: str) -> bool:
    """Whether a text for a model means a user's own, and not a name of the zoo.

    >>> [is_own(text) for text in ("atrous/tiny", "nets/mine.py:build", "package.module:build", "mine.onnx")]
    [False, True, True, True]
    """
    return ":" in text or Path(text).suffix in (*FILES, _PYTHON)


def find(text: str) -> Source:
    """The file and function that a text means.

    Args:
        text: `path/to/file.py:function`, `package.module:function`, or a file that is a model by itself, see `FILES`.

    Raises:
        ZooError: When there is no such file or module, or no function is named.
    """
    if Path(text).suffix in FILES:
        return Source(text, _existing(text))
    place, _, function = text.rpartition(":") if ":" in text else (text, "", "")
    if not place or not function.isidentifier():
        wanted = place or function or text
        raise ZooError(f"{text}: say which function builds the model, as in {wanted}:build")
    if Path(place).suffix == _PYTHON:
        return Source(text, _existing(place), function)
    with _importable(Path.cwd()):
        try:
            spec = importlib.util.find_spec(place)
        except (ImportError, ValueError) as error:
            raise ZooError(f"{text}: no module {place!r} ({error}); give a path like {place}.py:{function}") from error
    if spec is None or spec.origin is None or not Path(spec.origin).is_file():
        raise ZooError(f"{text}: there is no module {place!r} here; give a path like path/to/file.py:{function}")
    return Source(text, Path(spec.origin), function, place)


def _existing(text: str) -> Path:
    path = expand(text)
    if not path.is_file():
        raise ZooError(f"{path}: no such file; give a path to a .py, .keras or .onnx file that is there")
    return path


def function_of(source: Source) -> Callable[..., Any]:
    """The function that a source names; its module is imported, which runs the user's code.

    Raises:
        ZooError: When the module raises an error, has no such function, or something else is called so.
    """
    module = _module(source)
    found = getattr(module, source.function, None)
    if found is None:
        functions = [name for name, each in vars(module).items() if inspect.isfunction(each)]
        nearest = did_you_mean(source.function, functions)
        having = f"; it has {', '.join(functions)}" if functions else "; there is no function in it"
        raise ZooError(f"{source.path}: has no function {source.function!r}{nearest}{having}")
    if not callable(found) or isinstance(found, type):
        kind = "a class" if isinstance(found, type) else f"of type {type(found).__name__}"
        raise ZooError(
            f"{source.path}: {source.function} is {kind}, not a function; give one from input tensor to output tensor"
        )
    return found  # type: ignore[no-any-return]


@contextmanager
def running(source: Source, doing: str) -> Iterator[None]:
    """Runs code of the user, with the modules beside it in reach; whatever it raises is one line.

    Args:
        source: Where the code is from.
        doing: What fails then, for the message.

    Raises:
        ZooError: The message begins with the text that the user gave.
    """
    with _importable(Path.cwd() if source.module else source.path.parent):
        try:
            yield
        except ZooError:
            raise
        except (Exception, SystemExit) as error:
            said = next((line.strip() for line in str(error).splitlines() if line.strip()), "")[:_LONGEST]
            raise ZooError(f"{source.text}: {doing}: {type(error).__name__}{f': {said}' if said else ''}") from error


def _module(source: Source) -> ModuleType:
    """The imported module of a source; a file that has not changed is imported once."""
    if source.module:
        with running(source, "importing it fails"):
            return importlib.import_module(source.module)
    # A name of its own, so that a file may be called like any module, and a changed one is read again.
    digest = hashlib.sha256(str(source.path.resolve()).encode()).hexdigest()[:HASH_DIGITS]
    name = f"own_model_{digest}_{source.sha256}"
    if name in sys.modules:
        return sys.modules[name]
    with running(source, "importing it fails"):
        spec = importlib.util.spec_from_file_location(name, source.path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
        return module


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Lets modules in a folder be imported inside a block, as if a program in it was run."""
    entry = str(folder.resolve())
    sys.path.insert(0, entry)
    try:
        yield
    finally:
        if entry in sys.path:
            sys.path.remove(entry)
