"""Models in files: `.keras` with atomic writing and errors that say what is wrong."""

from __future__ import annotations

import importlib
import json
import pkgutil
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from common.files import atomic_path
from zoo.backend import global_policy, keras
from zoo.errors import ZooError
from zoo.fresh import is_fresh, remember, remember_trained, state_of
from zoo.registry import spoken

# Member of the .keras archive that holds notes; Keras ignores it.
_NOTES = "deblur_zoo.json"
# Member that says whether the weights were ever trained or loaded.
_WEIGHTS = "deblur_zoo_weights.txt"
_FRESH, _TRAINED = "fresh", "trained"
# What reading a member of a damaged archive raises; RuntimeError for one that is encrypted or nested too deep.
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, KeyError, TypeError, ValueError, RuntimeError)
# What Keras raises for files that are not what they seem.
_REFUSALS = (ValueError, TypeError, KeyError, OSError, AttributeError, IndexError, ImportError, RuntimeError)


def save(
    model: keras.Model,
    path: Path | str,
    notes: Mapping[str, Any] | None = None,
    members: Mapping[str, bytes] | None = None,
) -> None:
    """Writes a model to a `.keras` file that is either whole or not there.

    Args:
        model: The model; a compiled one is saved with its optimiser's state.
        path: The file; its folder is made if it is missing.
        notes: What JSON can hold and must not part from the weights, such as the step of a training.
        members: Other files to keep inside the same file, by name.

    Raises:
        ZooError: When the file's name does not end in `.keras`.
        FileError: When it cannot be written.

    >>> import tempfile
    >>> import zoo
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(zoo.create("identity"), f"{folder}/mine.keras", notes={"step": 7}, members={"log.txt": b"began"})
    ...     zoo.load(f"{folder}/mine.keras").name, zoo.read_notes(f"{folder}/mine.keras")
    ('identity.image', {'step': 7})
    """
    path = Path(path)
    if path.suffix != ".keras":
        raise ZooError(f"{path}: a model file must end in .keras")
    with atomic_path(path) as temporary:
        model.save(temporary)
        kept: dict[str, bytes | str] = {**(members or {})}
        state = state_of(model)
        if state is not None:
            kept[_WEIGHTS] = _TRAINED if state else _FRESH
        if notes is not None:
            kept[_NOTES] = json.dumps(notes)
        if kept:
            with zipfile.ZipFile(temporary, "a") as archive:
                for name, content in kept.items():
                    archive.writestr(name, content)


def load(path: Path | str, compile: bool = False) -> keras.Model:
    """Reads a `.keras` file.

    Args:
        path: The file.
        compile: Whether to restore loss and optimiser too, for going on with a training.

    Raises:
        ZooError: When the file is missing or is not a model.
    """
    # The layers must be registered before Keras meets their names in the file.
    register_all()

    path = _check_file(path)
    refuse_foreign(_read_config(path), path)
    policy = _policy_in(path)
    try:
        # Keras gives a loaded model the global policy, by which it decides on the scaling of the loss.
        with global_policy(policy):
            model = keras.saving.load_model(path, compile=compile)
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error) as error:
        raise ZooError(f"{path}: damaged ({error}); make or fetch it again") from error
    except _REFUSALS as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ZooError(f"{path}: cannot be loaded: {reason}; make it again with this version") from error
    said = says_trained(path)
    if said is False:
        remember(model)
    elif said or read_notes(path):
        remember_trained(model)
    return model


def refuse_foreign(node: Any, path: Path | str) -> None:
    """Refuses a file that asks for code: a Lambda layer, or classes of neither Keras nor anybody who registered them.

    Args:
        node: What the file says of its model.
        path: The file, for the message.

    Raises:
        ZooError: The message names the first of them.
    """
    if isinstance(node, dict):
        kind, module = node.get("class_name"), node.get("module")
        if kind == "Lambda":
            raise ZooError(
                f"{path}: holds a Lambda layer, whose code would be run; it is not loaded, since it may do harm"
            )
        if isinstance(module, str) and module != "builtins" and module.partition(".")[0] != "keras":
            registered = node.get("registered_name")
            if not isinstance(registered, str) or keras.saving.get_registered_object(registered) is None:
                raise ZooError(
                    f"{path}: asks for {module}.{kind}, which is of neither Keras nor this zoo; it is not loaded"
                )
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            refuse_foreign(part, path)


def _policy_in(path: Path) -> str | None:
    """The dtype policy of the layers in a file: a mixed one if there is any, else the most common; None without."""
    names: Counter[str] = Counter()

    def collect(node: Any) -> None:
        if isinstance(node, dict):
            if node.get("class_name") == "DTypePolicy":
                names[node["config"]["name"]] += 1
            node = list(node.values())
        if isinstance(node, list):
            for part in node:
                collect(part)

    collect(_read_config(path))
    mixed = [name for name in ("mixed_float16", "mixed_bfloat16") if name in names]
    return next(iter(mixed or [name for name, _ in names.most_common(1)]), None)


def _read_config(path: Path) -> dict[str, Any]:
    """What a file says of its model; ZooError when it says nothing."""
    try:
        with zipfile.ZipFile(path) as archive:
            content = json.loads(archive.read("config.json"))
        return {"name": content["config"]["name"], **content}
    except _UNREADABLE as error:
        raise _damaged(path) from error


def read_notes(path: Path | str) -> dict[str, Any]:
    """The notes that `save` put into a `.keras` file, empty when there are none.

    Raises:
        ZooError: When the file is missing or is not a model.

    >>> import tempfile
    >>> import zoo
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(zoo.create("identity"), f"{folder}/mine.keras", notes={"trained on": "my photographs"})
    ...     read_notes(f"{folder}/mine.keras")
    {'trained on': 'my photographs'}
    """
    content = _own_member(path, _NOTES)
    try:
        found = json.loads(content or "{}")
    except ValueError as error:
        raise _damaged(path) from error
    return found if isinstance(found, dict) else {}


def says_trained(path: Path | str) -> bool | None:
    """Whether the weights in a `.keras` file were ever trained or loaded, as `save` noted; None where nobody did.

    Raises:
        ZooError: When the file is missing or is not a model.
    """
    said = _own_member(path, _WEIGHTS) or b""
    return {_FRESH: False, _TRAINED: True}.get(said.decode("ascii", "replace"))


def _own_member(path: Path | str, name: str) -> bytes | None:
    """What `save` kept in a `.keras` file under a name; None where it kept nothing."""
    path = _check_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(name) if name in archive.namelist() else None
    except _UNREADABLE as error:
        raise _damaged(path) from error


def _damaged(path: Path | str) -> ZooError:
    return ZooError(f"{path}: not a .keras file, or a damaged one; make or fetch it again")


def read_member(path: Path | str, name: str) -> bytes:
    """A file that `save` put into a `.keras` file.

    Raises:
        ZooError: When the file is missing, is not a model or has no such member.

    >>> import tempfile
    >>> import zoo
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(zoo.create("identity"), f"{folder}/mine.keras", members={"log.txt": b"began"})
    ...     read_member(f"{folder}/mine.keras", "log.txt")
    b'began'
    """
    with zipfile.ZipFile(_check_file(path)) as archive:
        if name not in archive.namelist():
            raise ZooError(f"{path}: holds no {name}; it was not made by the training that wants to go on with it")
        return archive.read(name)


def register_all() -> None:
    """Imports every module with registered Keras objects, so that Keras knows their names when it reads a file."""
    import zoo.layers
    import zoo.losses

    for room in (zoo.layers, zoo.losses):
        for module in pkgutil.iter_modules(room.__path__, f"{room.__name__}."):
            importlib.import_module(module.name)


def load_weights(model: keras.Model, path: Path | str) -> None:
    """Sets a model's weights to those in a `.keras` file of the same model.

    Args:
        model: The model.
        path: The file.

    Raises:
        ZooError: When the file's weights do not fit; the message names the first that differ.
    """
    source = load(path)
    # A checkpoint of a model with several outputs holds the objective around it.
    source = getattr(source, "network", source)
    differing = [
        f"{_short(ours)} {tuple(ours.shape)} here, {_short(theirs)} {tuple(theirs.shape)} there"
        for ours, theirs in zip(model.weights, source.weights, strict=False)
        if ours.shape != theirs.shape
    ]
    if differing or len(model.weights) != len(source.weights):
        numbers = (
            ""
            if len(model.weights) == len(source.weights)
            else (f"{len(model.weights)} weights here, {len(source.weights)} there; ")
        )
        raise ZooError(
            f"{path} holds {spoken(source)}, whose weights do not fit {spoken(model)}: {numbers}"
            f"{'; '.join(differing[:3])}{' ...' if len(differing) > 3 else ''}; build {spoken(source)} for this file"
        )
    model.set_weights(source.get_weights())
    if is_fresh(source):
        remember(model)
    elif state_of(source):
        remember_trained(model)


def _short(weight: Any) -> str:
    """Returns `layer/weight` of a Keras variable."""
    return "/".join(weight.path.split("/")[-2:])


def read_name(path: Path | str) -> str:
    """The name of the model in a `.keras` file, `"<model>.<variant>"`, without loading it.

    Raises:
        ZooError: When the file is missing or is not a model.
    """
    return str(_read_config(_check_file(path))["name"])


def read_channels(path: Path | str) -> int | None:
    """Channels of the first input of the functional model in a `.keras` file, without loading it; None for others.

    Raises:
        ZooError: When the file is missing or is not a model.
    """
    try:
        for layer in _read_config(_check_file(path))["config"]["layers"]:
            if layer["class_name"] == "InputLayer":
                channels = layer["config"]["batch_shape"][-1]
                return channels if isinstance(channels, int) else None
    except (KeyError, TypeError, IndexError):
        pass
    return None


def _check_file(path: Path | str) -> Path:
    """The path of a file that is an archive, as every `.keras` file is."""
    path = Path(path)
    if not path.is_file():
        raise ZooError(f"{path}: no such model file; give a .keras file made by a run or by zoo.save")
    if not zipfile.is_zipfile(path):
        raise _damaged(path)
    return path
