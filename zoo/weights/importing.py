"""From a file of others to a model of this zoo in a file: read, checked against the catalogue, converted, kept."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from common.files import expand
from zoo.errors import ZooError
from zoo.registry import create, info
from zoo.saving import read_name, save
from zoo.weights import catalogue, convert, store
from zoo.weights.names.base import names_of
from zoo.weights.read import LAYOUTS, Checkpoint, innermost, read

_OWN = ".keras"


def import_published(name: str, path: Path | str) -> Path:
    """Makes a file of published weights usable by its name.

    Args:
        name: A name of the catalogue.
        path: The file, as its owner offers it.

    Returns:
        The converted file in the cache.

    Raises:
        ZooError: When it is not the published file, or does not fit the model.
    """
    entry, path = catalogue.find(name), innermost(expand(path))
    if entry.packaged is not None:
        raise ZooError(f"{name} comes with this zoo and needs no import; use it as zoo.load({name!r})")
    # A file for nothing that this zoo builds need not be read.
    info(entry.model).variant(entry.variant)
    digest = _hash(path)
    checkpoint = read(path, _key(entry, path))
    kind = _kind(checkpoint)
    store.check_source(entry, kind, digest, path)
    facts = {
        "name": name,
        "trained_on": entry.trained_on,
        "code_licence": entry.code_licence,
        "weights_licence": entry.weights_licence,
        "citation": entry.citation,
    }
    target = store.path_of(name)
    _convert(entry.model, entry.variant, checkpoint, digest, target, facts)
    store.pin(name, kind, digest)
    return target


def import_file(model: str, variant: str | None, path: Path | str, target: Path | str, key: str | None = None) -> Path:
    """Converts weights that the catalogue does not know.

    Args:
        model: Name of the model.
        variant: Name of its variant; None for the usual one.
        path: The file.
        target: The `.keras` file to write.
        key: The container of the weights inside the file, where the rule would not find it.

    Raises:
        ZooError: When the file cannot be read or does not fit.
    """
    chosen = info(model)
    variant = variant or chosen.default
    chosen.variant(variant)
    path, target = innermost(expand(path)), expand(target)
    if target.suffix != _OWN:
        raise ZooError(f"{target}: a model file must end in {_OWN}")
    _refuse_own(path)
    _convert(model, variant, read(path, key), _hash(path), target, {})
    return target


def _hash(path: Path) -> str:
    if not path.exists():
        raise ZooError(f"{path}: no such file or folder; give the weights as their owner offers them")
    return store.hash_of(path)


def _key(entry: catalogue.Entry, path: Path) -> str | None:
    """The container that the catalogue names for a file, told by its ending; None where the rule shall find it."""
    same = [each for each in entry.files if each.name and Path(each.name).suffix == path.suffix]
    return same[0].key if same else None


def _kind(checkpoint: Checkpoint) -> str:
    """The format of a file with its packing, for which a hash is remembered."""
    packing = "folder" if checkpoint.path.is_dir() else checkpoint.path.suffix.lstrip(".")
    return f"{checkpoint.format} {packing}".strip()


def _refuse_own(path: Path) -> None:
    """A file of this zoo needs no import."""
    if path.suffix == _OWN and path.is_file():
        try:
            name = read_name(path)
        except ZooError:
            return
        raise ZooError(f"{path}: holds {name.replace('.', '/', 1)} already; load it with zoo.load or --weights {path}")


def _convert(
    model: str, variant: str, checkpoint: Checkpoint, digest: str, target: Path, facts: Mapping[str, Any]
) -> None:
    """Fills a model with a checkpoint and writes it with notes of where it comes from."""
    names, layout, where = names_of(model), LAYOUTS[checkpoint.format], str(checkpoint.path)
    # Outputs that nobody trained are worse than none.
    options = {} if names.has_optional(checkpoint.tensors) else names.without_optional
    built = create(model, variant, dtype="float32", **options)
    filled = convert.fill(built, checkpoint.tensors, names, layout, where)
    notes = {
        **facts,
        "model": model,
        "variant": variant,
        "source": checkpoint.path.name,
        "sha256": digest,
        "size": store.size_of(checkpoint.path),
        "format": checkpoint.format,
        "dtype": checkpoint.dtypes,
        "container": list(checkpoint.keys),
        "left_out": len(checkpoint.left_out),
        "unused": list(filled.unused),
        "at_start": list(filled.lacking),
        "converted_by": f"deblur-zoo {_version()}",
    }
    save(built, target, {"weights": notes})


def _version() -> str:
    try:
        return importlib.metadata.version("deblur-zoo")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
