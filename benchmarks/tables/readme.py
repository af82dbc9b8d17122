"""The README's tables of models, data sets, metrics and protocols, generated from the registries.

They stand between markers, `<!-- models -->` and `<!-- /models -->`; what is outside of them stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import zoo
from benchmarks.errors import RunError
from benchmarks.metrics import METRICS
from benchmarks.protocols import PROTOCOLS
from benchmarks.records import markdown
from common.files import write_text
from datasets.registry import info as dataset_info
from datasets.registry import list_datasets

_MARKED = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- /\2 -->)", re.DOTALL)


def update(path: Path) -> list[str]:
    """Makes the tables of a Markdown file anew and gives the names of those that it has.

    Raises:
        RunError: When the file cannot be read or has no markers.
        FileError: When it cannot be written.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"{path}: cannot be read ({error}); give a Markdown file with --readme") from error
    found = [name for _, name, _ in _MARKED.findall(text) if name in TABLES]
    if not found:
        marks = ", ".join(f"<!-- {name} --> <!-- /{name} -->" for name in TABLES)
        raise RunError(f"{path}: no place for a table; put lines with {marks} where they shall stand")
    write_text(path, filled(text))
    return found


def filled(text: str) -> str:
    r"""A Markdown text with the present tables between its markers; other comments stay as they are.

    >>> "| `atrous` |" in filled("# Zoo\n<!-- models -->\n<!-- /models -->\n")
    True
    """

    def table(found: re.Match[str]) -> str:
        make = TABLES.get(found[2])
        return found[0] if make is None else f"{found[1]}{make()}\n{found[3]}"

    return _MARKED.sub(table, text)


def models() -> str:
    """One line for each model: who wrote it, its variants, and the parameters of those that are not tiny."""
    lines = []
    for info in map(zoo.info, zoo.list_models()):
        listed = {name: variant for name, variant in info.variants.items() if variant.listed}
        # Several variants may have as many.
        counts = dict.fromkeys(each.parameters for name, each in listed.items() if not name.startswith("tiny"))
        source = info.paper.partition(":")[0].removesuffix("none")
        variants = " ".join(map(_code, listed))
        lines.append([_code(info.name), info.title, source, variants, " / ".join(f"{count:,}" for count in counts)])
    return "\n".join(markdown.table(["name", "model", "by", "variants", "parameters"], lines))


def datasets() -> str:
    """One line for each data set: what it holds, its official splits and how it is scored."""
    lines = []
    for info in map(dataset_info, list_datasets()):
        title = f"[{info.title}]({info.source})" if info.source.startswith("http") else info.title
        protocols = " ".join(map(_code, info.protocols)) or "sharp images only"
        lines.append([_code(info.name), title, info.official, protocols, info.licence])
    return "\n".join(markdown.table(["name", "data set", "pairs", "protocols (first is usual)", "licence"], lines))


def metrics() -> str:
    """One line for each metric with the convention that fixes its value, and whether it must be asked for."""
    lines = []
    for card in METRICS.values():
        usual = any(card.name in protocol.metrics for protocol in PROTOCOLS.values())
        asked = f"--metrics {card.name}=FILE" if card.given else f"--metrics {card.name}"
        better = "higher" if card.higher_is_better else "lower"
        lines.append([_code(card.name), card.heading, better, card.convention, "protocols" if usual else _code(asked)])
    return "\n".join(markdown.table(["name", "metric", "better", "convention", "measured by"], lines))


def protocols() -> str:
    """One line for each protocol: its rule and its metrics, the one that ranks first."""
    lines = [[_code(each.name), each.rule, " ".join(map(_code, each.metrics))] for each in PROTOCOLS.values()]
    return "\n".join(markdown.table(["name", "rule", "metrics (first ranks)"], lines))


def _code(name: str) -> str:
    return f"`{name}`"


TABLES: Mapping[str, Callable[[], str]] = {
    "models": models,
    "datasets": datasets,
    "metrics": metrics,
    "protocols": protocols,
}
"""Name of a marker -> what makes its table."""
