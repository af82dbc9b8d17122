"""`python -m zoo weights`: published weights, listed, fetched, imported from files of others, checked, removed."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from common.cli import path
from common.console import listing, progress, terminal
from common.errors import did_you_mean
from zoo.commands.tables import WIDTH
from zoo.errors import ZooError
from zoo.registry import info, list_models
from zoo.start import quiet_backend
from zoo.weights import catalogue, store

_EXAMPLES = """examples:
  python -m zoo weights get maxim-gopro
  python -m zoo weights import nafnet-gopro-w32 NAFNet-GoPro-width32.pth
  python -m zoo weights import somebodys-nafnet.pth
  python -m zoo weights import --model fcn --variant exact model_latest.pth -o fcn.keras
"""


def add_to(commands: Any) -> None:
    """Adds the command to a parser's commands."""
    group = commands.add_parser("weights", help="published weights: list, get, import, verify, path, remove")
    actions = group.add_subparsers(required=True, metavar="ACTION")
    _add_list(actions)
    _add_import(actions)
    helps: tuple[tuple[str, str, Callable[..., int]], ...] = (
        ("get", "download weights where their owner offers a plain address, and convert them", _get),
        ("path", "print where converted weights lie", _path),
        ("remove", "delete converted weights, and what is remembered of their files", _remove),
    )
    for name, words, run in helps:
        action = actions.add_parser(name, help=words)
        action.add_argument("name", help="a name, see `python -m zoo weights list`")
        action.set_defaults(run=run)
    verify = actions.add_parser("verify", help="check converted weights against what was written")
    verify.add_argument("name", nargs="?", help="a name; without one, all that are here")
    verify.set_defaults(run=_verify)


def _add_list(actions: Any) -> None:
    action = actions.add_parser("list", help="show what is published, and what of it is here")
    action.add_argument("--model", metavar="NAME", help="only weights of this model")
    action.add_argument("--json", action="store_true", help="print everything known as JSON")
    action.set_defaults(run=_list)


def _add_import(actions: Any) -> None:
    action = actions.add_parser(
        "import",
        help="convert a file of others: published weights by NAME, any others by what is recognised in them",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    action.add_argument("sources", nargs="+", metavar="[NAME] PATH", help="the weights' name, and the file or folder")
    action.add_argument("--model", metavar="NAME", help="model of other weights (default: read from the file)")
    action.add_argument("--variant", metavar="NAME", help="its variant (default: read from the file, or the usual one)")
    action.add_argument("--key", metavar="NAME", help="container of the weights in the file, if the rule misses it")
    action.add_argument("-o", "--output", type=path, metavar="FILE", help="without NAME: the .keras file to write")
    action.set_defaults(run=_import)


def _list(args: argparse.Namespace) -> int:
    """Prints a table of the catalogue, or all of it as JSON."""
    entries = catalogue.entries(args.model)
    if args.model is not None and not entries:
        having = sorted({entry.model for entry in catalogue.entries()})
        near = did_you_mean(args.model, having)
        raise ZooError(f"no weights are known of {args.model!r}{near}; there are some of {', '.join(having)}")
    if args.json:
        import msgspec

        facts = [{**msgspec.to_builtins(entry), "here": store.is_here(entry.name)} for entry in entries]
        print(json.dumps(facts, indent=2, ensure_ascii=False))
        return 0
    screen = terminal(WIDTH)
    shown = listing(("name", "model", "trained on", "published", "licence", "MB", "here"), numbers=("MB",))
    for entry in entries:
        size = entry.megabytes
        shown.add_row(
            entry.name,
            f"{entry.model}/{entry.variant}",
            entry.trained_on,
            _scores(entry),
            entry.licence,
            "" if size is None else f"{size:g}",
            "yes" if store.is_here(entry.name) else "no",
        )
    screen.print(shown)
    screen.print(
        "\n`python -m zoo weights get NAME` fetches weights or says who offers them; --json shows the scores' "
        "protocols and sources, and what to cite.",
        markup=False,
    )
    return 0


def _scores(entry: catalogue.Entry) -> str:
    """The published scores in a few words: `gopro 32.86 / 0.961`."""
    by_dataset: dict[str, list[str]] = {}
    for score in entry.scores:
        digits = 3 if score.metric == "ssim" else 2
        by_dataset.setdefault(score.dataset, []).append(f"{score.value:.{digits}f}")
    return "; ".join(f"{dataset} {' / '.join(values)}" for dataset, values in by_dataset.items())


def _get(args: argparse.Namespace) -> int:
    """Downloads and converts weights; says how to get them by hand where no program may."""
    entry = catalogue.find(args.name)
    if store.is_here(entry.name):
        print(f"{entry.name}: here already, {store.path_of(entry.name)}")
        return 0
    offer = next((each for each in entry.files if each.address), None)
    if offer is None or offer.address is None:
        raise ZooError(f"{entry.name} cannot be fetched by a program; {store.by_hand(entry)}")
    _check_model(entry)
    from zoo.weights.download import fetch

    target = store.folder() / "downloads" / f"{entry.name}--{offer.name or 'weights'}"
    print(f"fetching {entry.name} from {offer.address}", flush=True)
    with progress(f"fetching {entry.name}") as report:
        fetch(offer.address, target, offer.sha256, report)
    _announce(entry.name, _importing().import_published(entry.name, target))
    # What it was converted to is all that is needed.
    target.unlink(missing_ok=True)
    return 0


def _import(args: argparse.Namespace) -> int:
    """Converts a file of others."""
    sources: Sequence[str] = args.sources
    if len(sources) == 1 and catalogue.is_name(sources[0]):
        raise ZooError(f"{sources[0]} is a name of the catalogue; give its file, too, or ./{sources[0]} for a file")
    if len(sources) == 2 and not (args.model or args.variant or args.output or args.key):
        entry = catalogue.find(sources[0])
        _check_model(entry)
        _announce(entry.name, _importing().import_published(entry.name, path(sources[1])))
        return 0
    if len(sources) != 1:
        raise ZooError(
            "give a name of the catalogue and a file, or one file alone (with --model, --variant, --key, -o if need "
            "be); `python -m zoo weights list` shows the names"
        )
    if args.model is None and args.variant is not None:
        raise ZooError("--variant belongs to a model; give --model, too")
    if args.model is not None:
        info(args.model).variant(args.variant)
    target = _importing().import_file(args.model, args.variant, path(sources[0]), args.output, args.key)
    print(f"{store.source_of(target)['recognised']}: {target}")
    return 0


def _importing() -> Any:
    """What converts, without the notes that a framework prints at its start."""
    quiet_backend()
    from zoo.weights import importing

    return importing


def _check_model(entry: catalogue.Entry) -> None:
    """Refuses weights of a model that is not here before they are fetched."""
    if entry.model not in list_models():
        raise ZooError(f"{entry.name} are weights of {entry.model}, which is not in this version of the zoo")
    info(entry.model).variant(entry.variant)


def _announce(name: str, converted: Path) -> None:
    print(f"{name}: {converted}\nuse it as zoo.load({name!r}), or --weights {name}")


def _verify(args: argparse.Namespace) -> int:
    """Checks one or all."""
    names = [args.name] if args.name else [each.name for each in catalogue.entries() if store.is_here(each.name)]
    for name in names:
        store.verify(name)
        print(f"{name}: sound")
    if not names:
        print("no published weights are here")
    return 0


def _path(args: argparse.Namespace) -> int:
    """Prints the path of converted weights."""
    print(store.located(args.name))
    return 0


def _remove(args: argparse.Namespace) -> int:
    """Deletes converted weights."""
    print(f"{args.name}: {'removed' if store.remove(args.name) else 'was not here'}")
    return 0
