"""From a file of others to a model of this zoo in a file: read, checked against the catalogue, converted, kept."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from common.files import expand
from zoo.backend import keras
from zoo.errors import ZooError
from zoo.registry import OWN, create, info
from zoo.saving import read_name, save
from zoo.weights import catalogue, convert, store
from zoo.weights.names.base import Names, names_of
from zoo.weights.read import LAYOUTS, Checkpoint, innermost, read
from zoo.weights.recognise import Recognised, candidates, recognise

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
    _convert(Recognised(entry.model, entry.variant), checkpoint, digest, target, facts)
    store.pin(name, kind, digest)
    return target


def import_file(
    model: str | None,
    variant: str | None,
    path: Path | str,
    target: Path | str | None = None,
    key: str | None = None,
) -> Path:
    """Converts weights that the catalogue does not know.

    Args:
        model: Name of the model; None to recognise it.
        variant: Name of its variant; None for the one that the file is recognised as, or else the usual one.
        path: The file.
        target: The `.keras` file to write; None for `MODEL--VARIANT--NAME.keras` in the working folder.
        key: The container of the weights inside the file, where the rule would not find it.

    Returns:
        The written file.

    Raises:
        ZooError: When the file cannot be read, is not recognised, or does not fit.
    """
    if model is not None:
        info(model).variant(variant)
    path = innermost(expand(path))
    target = None if target is None else expand(target)
    if target is not None and target.suffix != _OWN:
        raise ZooError(f"{target}: a model file must end in {_OWN}")
    _refuse_own(path)
    digest, checkpoint = _hash(path), read(path, key)
    found = _asked(model, variant, checkpoint)
    if target is None:
        target = Path(f"{found.model}--{found.variant}--{path.stem}{_OWN}")
    _convert(found, checkpoint, digest, target, _told(found))
    return target


def converted(path: Path) -> Path:
    """The converted file of weights that the catalogue does not know, in the cache; made if it is not there.

    Args:
        path: A file or folder of others.

    Raises:
        ZooError: When it cannot be read or is not recognised.
    """
    path = innermost(path)
    digest = _hash(path)
    target = store.path_of_recognised(digest)
    if not _is_of(target, digest):
        checkpoint = read(path)
        found = recognise(checkpoint.tensors, str(path))
        _convert(found, checkpoint, digest, target, _told(found))
    return target


def _told(found: Recognised) -> dict[str, Any]:
    """What a converted file says of how it was recognised."""
    return {"recognised": found.said, "untold": dict(found.untold)}


def _is_of(target: Path, digest: str) -> bool:
    """Whether a converted file is there, and of a source of that hash."""
    try:
        return target.is_file() and store.source_of(target).get("sha256") == digest
    except ZooError:
        # A damaged one is made again.
        return False


def _asked(model: str | None, variant: str | None, checkpoint: Checkpoint) -> Recognised:
    """What a file shall be converted to: what is asked for, or what is recognised where that leaves a choice."""
    if model is None:
        return recognise(checkpoint.tensors, str(checkpoint.path))
    if variant is None:
        # Says so for a model without a map, of which nothing can be recognised.
        names_of(model)
        found = candidates(checkpoint.tensors, model)
        usual = [each for each in found if each.variant == info(model).default]
        if usual or len(found) == 1:
            return (usual or found)[0]
    return Recognised(model, variant or info(model).default)


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


def _convert(found: Recognised, checkpoint: Checkpoint, digest: str, target: Path, facts: Mapping[str, Any]) -> None:
    """Fills a model with a checkpoint and writes it with notes of where it comes from."""
    names, layout, where = names_of(found.model), LAYOUTS[checkpoint.format], str(checkpoint.path)
    built = _built(found, names, checkpoint)
    filled = convert.fill(built, checkpoint.tensors, names, layout, where)
    notes = {
        **facts,
        "model": found.model,
        "variant": found.variant,
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


def _built(found: Recognised, names: Names, checkpoint: Checkpoint) -> keras.Model:
    """The model that a checkpoint shall fill."""
    # Outputs that nobody trained are worse than none.
    options = {} if names.has_optional(checkpoint.tensors) else names.without_optional
    if found.variant != OWN:
        return create(found.model, found.variant, dtype="float32", **options)
    try:
        built = create(found.model, dtype="float32", **options, **found.options)
    except ZooError as error:
        raise ZooError(f"{checkpoint.path}: {found.model} cannot be built in its sizes: {error}") from error
    return keras.Model(built.input, built.output, name=f"{found.model}.{OWN}")


def _version() -> str:
    try:
        return importlib.metadata.version("deblur-zoo")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
