"""The tables of models, weights, data sets, metrics and protocols in README and documentation, from the registries.

They stand between markers, `<!-- models -->` and `<!-- /models -->` in Markdown, `.. <models>` and `.. </models>` in
reStructuredText; what is outside of them stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import zoo
from benchmarks.errors import RunError
from benchmarks.metrics import METRICS
from benchmarks.protocols import PROTOCOLS
from benchmarks.tables.markup import MARKDOWN, Markup, markup_of
from common.files import write_text
from datasets.registry import info as dataset_info
from datasets.registry import list_datasets
from zoo.weights import catalogue

PAGES = (Path("README.md"), Path("docs/datasets.rst"), Path("docs/metrics.rst"))
"""The files of this project that have such tables."""


def update(path: Path) -> list[str]:
    """Makes the tables of a file anew and gives the names of those that it has.

    Args:
        path: A Markdown file, or one of reStructuredText, whose name ends in `.rst`.

    Raises:
        RunError: When the file cannot be read or has no markers.
        FileError: When it cannot be written.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"{path}: cannot be read ({error}); give a file of Markdown or .rst with --readme") from error
    markup = markup_of(path)
    found = [name for _, name, *_ in markup.marked.findall(text) if name in TABLES]
    if not found:
        marks = ", ".join(f"{markup.begin} {markup.end}".replace("{}", name) for name in TABLES)
        raise RunError(f"{path}: no place for a table; put lines with {marks} where they shall stand")
    write_text(path, filled(text, markup))
    return found


def filled(text: str, markup: Markup = MARKDOWN) -> str:
    r"""A text with the present tables between its markers; other comments stay as they are.

    >>> "| `atrous` |" in filled("# Zoo\n<!-- models -->\n<!-- /models -->\n")
    True
    """

    def table(found: re.Match[str]) -> str:
        make = TABLES.get(found[2])
        return found[0] if make is None else f"{found[1]}{markup.gap}{make(markup)}\n{markup.gap}{found[4]}"

    return markup.marked.sub(table, text)


def models(markup: Markup = MARKDOWN) -> str:
    """One line for each model: who wrote it, its variants, and the parameters of those that are not tiny."""
    lines = []
    for info in map(zoo.info, zoo.list_models()):
        listed = {name: variant for name, variant in info.variants.items() if variant.listed}
        # Several variants may have as many.
        counts = dict.fromkeys(each.parameters for name, each in listed.items() if not name.startswith("tiny"))
        source = info.paper.partition(":")[0].removesuffix("none")
        variants = " ".join(map(markup.code, listed))
        parameters = " / ".join(f"{count:,}" for count in counts)
        lines.append([markup.code(info.name), markup.text(info.title), markup.text(source), variants, parameters])
    return "\n".join(markup.table(["name", "model", "by", "variants", "parameters"], lines))


def weights(markup: Markup = MARKDOWN) -> str:
    """One line for the weights of each model that are got in the same way."""
    groups: dict[tuple[str, str], list[str]] = {}
    for entry in catalogue.entries():
        groups.setdefault((entry.model, _way_to(entry, markup)), []).append(markup.code(entry.name))
    lines = [[" ".join(names), markup.code(model), way] for (model, way), names in groups.items()]
    return "\n".join(markup.table(["weights", "model", "how to get them"], lines))


def _way_to(entry: catalogue.Entry, markup: Markup) -> str:
    """How some weights are got."""
    if entry.packaged is not None:
        return "they come with the zoo"
    if any(offer.address for offer in entry.files):
        return markup.code("deblur-zoo weights get NAME")
    return f"fetch the file by hand, then {markup.code('deblur-zoo weights import NAME FILE')}"


def datasets(markup: Markup = MARKDOWN) -> str:
    """One line for each data set: what it holds, its official splits and how it is scored."""
    lines = []
    for info in map(dataset_info, list_datasets()):
        linked = info.source.startswith("http")
        title = markup.link(info.title, info.source) if linked else markup.text(info.title)
        protocols = " ".join(map(markup.code, info.protocols)) or "sharp images only"
        lines.append([markup.code(info.name), title, markup.text(info.official), protocols, markup.text(info.licence)])
    return "\n".join(markup.table(["name", "data set", "pairs", "protocols (first is usual)", "licence"], lines))


def metrics(markup: Markup = MARKDOWN) -> str:
    """One line for each metric with the convention that fixes its value, and whether it must be asked for."""
    lines = []
    for card in METRICS.values():
        usual = any(card.name in protocol.metrics for protocol in PROTOCOLS.values())
        asked = markup.code(f"--metrics {card.name}=FILE" if card.given else f"--metrics {card.name}")
        better = "higher" if card.higher_is_better else "lower"
        heading, convention = markup.text(card.heading), markup.text(card.convention)
        lines.append([markup.code(card.name), heading, better, convention, "protocols" if usual else asked])
    return "\n".join(markup.table(["name", "metric", "better", "convention", "measured by"], lines))


def protocols(markup: Markup = MARKDOWN) -> str:
    """One line for each protocol: its rule and its metrics, the one that ranks first."""
    lines = [
        [markup.code(each.name), markup.text(each.rule), " ".join(map(markup.code, each.metrics))]
        for each in PROTOCOLS.values()
    ]
    return "\n".join(markup.table(["name", "rule", "metrics (first ranks)"], lines))


TABLES: Mapping[str, Callable[[Markup], str]] = {
    "models": models,
    "weights": weights,
    "datasets": datasets,
    "metrics": metrics,
    "protocols": protocols,
}
"""Name of a marker -> what makes its table."""
