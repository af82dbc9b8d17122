"""What has been published: for every set of weights its model, scores, files, where they are offered, and licences.

The facts stand in `catalogue.json`; what nobody states is left out there and None here. A file's hash that its owner
does not publish is learned when the file is first imported, see `zoo.weights.store`.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from common.errors import did_you_mean
from zoo.errors import ZooError

_FILE = Path(__file__).with_name("catalogue.json")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_HASH = re.compile(r"[0-9a-f]{64}")


class Score(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A score that somebody published.

    Attributes:
        dataset, metric: Names of data set and metric.
        value: dB for `psnr`, 0 to 1 for `ssim`, per cent for `ocr`.
        protocol: How it was scored, in words.
        source: Who says so.
    """

    dataset: str
    metric: Literal["psnr", "ssim", "ocr"]
    value: float
    protocol: str
    source: str


class Offer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A file that holds the weights, and where it is to be had.

    Attributes:
        by: Who offers it.
        name: The file's name.
        format: One of `zoo.weights.read.FORMATS`.
        key: The container of the weights inside the file; None to find it by the rule.
        megabytes: Size as its owner states it, in millions of bytes.
        sha256: Hash of the file.
        page: Where a person finds it.
        address: Where a program finds it.
        command: What fetches it.
        note: What else one should know.
    """

    by: str
    format: Literal["pytorch", "flax", "keras", "tfjs"]
    name: str | None = None
    key: str | None = None
    megabytes: float | None = None
    sha256: str | None = None
    page: str | None = None
    address: str | None = None
    command: str | None = None
    note: str = ""

    @property
    def where(self) -> str:
        """Page, address or command, the first that there is."""
        return self.command or self.page or self.address or ""


class Packaged(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A file of weights that comes with this zoo, which trained them.

    Attributes:
        name: The file's name in `zoo/weights/own`.
        sha256: Hash of the file.
        recipe: How they were trained.
        data: What they were trained on.
        fails: Where they fail.
    """

    name: str
    sha256: str
    recipe: str
    data: str
    fails: str

    @property
    def path(self) -> Path:
        """The file."""
        return _FILE.parent / "own" / self.name


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One set of published weights.

    Attributes:
        name: Name in the catalogue.
        model, variant: What they are weights of.
        trained_on: Data set.
        scores: What is claimed of them.
        files: The files that hold them, the owner's first; none where they are packaged.
        packaged: The file that comes with this zoo; None for weights of others.
        code_licence: Licence of the authors' code.
        weights_licence: Licence of the weights themselves.
        citation: What to cite.
        note: What else one should know.
    """

    name: str
    model: str
    variant: str
    trained_on: str
    scores: tuple[Score, ...]
    files: tuple[Offer, ...] = ()
    packaged: Packaged | None = None
    citation: str
    code_licence: str | None = None
    weights_licence: str | None = None
    note: str = ""

    @property
    def licence(self) -> str:
        """The licences in words."""
        code = self.code_licence or "not stated"
        return f"code {code}, weights {self.weights_licence or 'not stated'}"

    @property
    def megabytes(self) -> float | None:
        """Size of the usual file in millions of bytes, where it is known."""
        if self.packaged is not None and self.packaged.path.is_file():
            return round(self.packaged.path.stat().st_size / 1e6, 1)
        return self.files[0].megabytes if self.files else None

    def offer(self, kind: str) -> Offer | None:
        """The first file of a format; None when none is offered in it."""
        return next((each for each in self.files if each.format == kind), None)


def entries(model: str | None = None) -> list[Entry]:
    """Everything in the catalogue, in its order.

    Args:
        model: Only weights of this model.

    >>> [entry.name for entry in entries("mprnet")]
    ['mprnet-gopro']
    """
    return [entry for entry in _read().values() if model in (None, entry.model)]


def find(name: str) -> Entry:
    """The entry of that name.

    Raises:
        ZooError: When there is none; the message names the nearest.
    """
    found = _read().get(name)
    if found is None:
        raise ZooError(
            f"unknown weights {name!r}{did_you_mean(name, _read())}; `python -m zoo weights list` shows what there is"
        )
    return found


def is_name(text: str) -> bool:
    """Whether a text is a name of the catalogue and not a path; a path has an ending or a separator.

    A file that is called like weights of the catalogue can be given as `./NAME`.

    >>> is_name("nafnet-gopro-w32"), is_name("./nafnet-gopro-w32"), is_name("mine.keras")
    (True, False, False)
    """
    return text in _read()


def is_like_a_name(text: str) -> bool:
    """Whether a text may be meant for a name of the catalogue: it has neither an ending nor a separator.

    >>> is_like_a_name("nafnet-gopro"), is_like_a_name("runs/nafnet"), is_like_a_name("mine.keras")
    (True, False, False)
    """
    return _NAME.fullmatch(text) is not None


def parse(content: bytes, where: str) -> dict[str, Entry]:
    """Entries by name out of JSON, checked.

    Args:
        content: A list of entries as in `catalogue.json`.
        where: The file, for messages.

    Raises:
        ZooError: When a field is missing, unknown or of a wrong type, or a name, hash or address cannot be one.
    """
    try:
        found = msgspec.json.decode(content, type=tuple[Entry, ...])
    except msgspec.MsgspecError as error:
        raise ZooError(f"{where}: not a valid catalogue ({error}); correct it") from error
    table: dict[str, Entry] = {}
    for entry in found:
        if not _NAME.fullmatch(entry.name) or entry.name in table:
            raise ZooError(f"{where}: {entry.name!r} is no name, or is there twice; use small letters, digits and -")
        for offer in entry.files:
            _check(offer, f"{where}: {entry.name}")
        if not entry.files and entry.packaged is None:
            raise ZooError(f"{where}: {entry.name} has no files; say who offers them")
        if entry.packaged is not None and not _HASH.fullmatch(entry.packaged.sha256):
            raise ZooError(f"{where}: {entry.name}: {entry.packaged.sha256!r} is no SHA-256; give 64 digits")
        table[entry.name] = entry
    return table


def _check(offer: Offer, where: str) -> None:
    """Raises ZooError for a hash or an address that cannot be one."""
    if offer.sha256 is not None and not _HASH.fullmatch(offer.sha256):
        raise ZooError(f"{where}: {offer.sha256!r} is no SHA-256; give 64 digits")
    for address in (offer.page, offer.address):
        if address is not None and not address.startswith("https://"):
            raise ZooError(f"{where}: {address} must begin with https://")
    if not offer.where:
        raise ZooError(f"{where}: give a page, an address or a command")


@cache
def _read() -> dict[str, Entry]:
    return parse(_FILE.read_bytes(), _FILE.name)
