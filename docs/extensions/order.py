"""The order of the examples: what most people want first comes first."""

from __future__ import annotations

_ORDER = (
    "restore_photograph",
    "train_tiny",
    "own_pairs",
    "own_model",
    "score_folder",
    "read_record",
    "estimate_psf",
    "export",
)


class Order:
    """Sphinx-Gallery's key of an example.

    Args:
        source: The folder of the examples.
    """

    def __init__(self, source: str) -> None:
        self.source = source

    def __call__(self, name: str) -> int:
        """The place of a file; one that is not listed is an error, so that none is forgotten."""
        return _ORDER.index(name.removesuffix(".py"))

    def __repr__(self) -> str:
        """The same for every build, so that an unchanged order builds nothing anew."""
        return "<Order>"
