"""What to cite: a paper, a report or a data set, as text and as BibTeX."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

# Kind of BibTeX entry -> its field for where something appeared.
_PLACES = {
    "article": "journal",
    "inproceedings": "booktitle",
    "misc": "howpublished",
    "techreport": "institution",
}
# Words that tell no title from another.
_SMALL_WORDS = ("a", "an", "the", "on", "of", "for")


@dataclass(frozen=True)
class Reference:
    """Something to cite.

    Attributes:
        authors: Each as BibTeX has it, `Surname, Given`; as far as they are known.
        title: Title.
        year: Year of publication; None where it is not known.
        venue: Where it appeared.
        address: Web address; empty where there is none.
        kind: `inproceedings`, `article`, `techreport` or `misc`.
    """

    authors: tuple[str, ...]
    title: str
    year: int | None
    venue: str
    address: str = ""
    kind: str = "inproceedings"

    @property
    def key(self) -> str:
        """The entry's key: first surname, year, first word of the title.

        >>> Reference(("Köhler, Rolf",), "Recording and playback of camera shake", 2012, "ECCV").key
        'kohler2012recording'
        """
        surname = _plain(self.authors[0].partition(",")[0])
        words = [word for word in map(_plain, re.split(r"[\s:-]+", self.title)) if word and word not in _SMALL_WORDS]
        return f"{surname}{self.year or ''}{words[0]}"

    @property
    def bibtex(self) -> str:
        """The BibTeX entry, in UTF-8; braces keep the title's capitals."""
        fields = {
            "author": " and ".join(self.authors),
            "title": f"{{{self.title}}}",
            _PLACES[self.kind]: self.venue,
            "year": "" if self.year is None else str(self.year),
            "url": self.address,
        }
        lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
        return "\n".join([f"@{self.kind}{{{self.key},", *lines, "}"])

    @property
    def text(self) -> str:
        """Authors, title, venue, year and address in one line."""
        names = ", ".join(_in_order(author) for author in self.authors)
        year = "" if self.year is None or str(self.year) in self.venue else f", {self.year}"
        return f"{names}: {self.title}. {self.venue}{year}" + (f". {self.address}" if self.address else "")


def bibliography(references: Iterable[Reference]) -> str:
    """BibTeX entries one below the other, each once."""
    return "\n\n".join(each.bibtex for each in dict.fromkeys(references))


def _in_order(author: str) -> str:
    surname, _, given = author.partition(", ")
    return f"{given} {surname}".strip()


def _plain(text: str) -> str:
    """The letters and digits of a text, small and without accents."""
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^a-z0-9]", "", letters.lower())
