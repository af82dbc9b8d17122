"""Experiments in a file: the command line's options in TOML, and the file that repeats an experiment.

Keys are the long names of the options without their dashes (`batch-size = 8`), all on one level; an option without
value is `true`, and what takes several names or numbers may be a list.
"""

from __future__ import annotations

import argparse
import json
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.errors import RunError
from benchmarks.recipes.recipe import OPTIONS
from benchmarks.records import layout
from benchmarks.run.experiment import Experiment
from benchmarks.run.request import REFERENCE, ModelOptions
from common.cli import Parser, path
from common.errors import did_you_mean
from common.files import write_text

OPTION = "--config"

_OUTSIDE = ("help", "config")
# Options of which a command line means one: one that it has puts out the others of a file.
_INSTEAD = (
    ("sample", "data-root"),
    ("steps", "epochs"),
    ("resume", "restart"),
    ("protocol", "align"),
)
# How far a training is, what is written beside it, and where it runs, changes no experiment.
_PASSING = (
    *("resume", "restart", "tensorboard", "devices", "hosts", "host-index", "host-count", "host-timeout"),
    *("jobs", "cluster", "cpus", "gpus", "dry-run"),
)
# What is asked of the models that learn, beside the changes of the recipe; a baseline has none of it.
_OF_MODELS = ("variant", "weights", "select-on-test", "tile", "overlap", "no-blend", "inference", "blind")


def with_file(parser: argparse.ArgumentParser, given: Sequence[str]) -> list[str]:
    """A command line with the options of the file that it names, before its own, which count.

    Args:
        parser: What reads the command line.
        given: The command line.

    Raises:
        RunError: When the file cannot be read, has keys that are no options or values of another type.
    """
    finder = Parser(add_help=False)
    finder.add_argument(OPTION, type=path)
    named, _ = finder.parse_known_args(given)
    if named.config is None:
        return list(given)
    own = {name for name in _options(parser) if any(_names(word, name) for word in given)}
    put_out = {other for group in _INSTEAD if own & set(group) for other in group if other not in own}
    return [*_words(named.config, parser, put_out), *given]


def _names(word: str, option: str) -> bool:
    return word.partition("=")[0] == f"--{option}"


def _words(file: Path, parser: argparse.ArgumentParser, put_out: set[str]) -> Iterator[str]:
    """The words of a command line that a file stands for."""
    known = _options(parser)
    for name, value in _read(file).items():
        if isinstance(value, dict):
            raise RunError(f"{file}: {name} is a table; write every option on a line of its own, without tables")
        if name not in known:
            raise RunError(
                f"{file}: there is no option {name!r}{did_you_mean(name, known)}; python -m benchmarks.run --help "
                "lists them"
            )
        words = _as_words(file, name, value, known[name])
        if name not in put_out:
            yield from words


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise RunError(f"{file}: {error.strerror or error}; give an existing TOML file with {OPTION}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        reason = str(error).partition("\n")[0]
        raise RunError(f'{file}: not TOML ({reason}); write lines like batch-size = 8 and dataset = "reds"') from error


def _options(parser: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    """The parser's options by their long names without dashes."""
    found = {text[2:]: action for action in parser._actions for text in action.option_strings if text.startswith("--")}
    return {name: action for name, action in found.items() if name not in _OUTSIDE}


def _as_words(file: Path, name: str, value: Any, action: argparse.Action) -> list[str]:
    """An option as it stands on a command line."""
    if action.nargs == 0:
        if not isinstance(value, bool):
            raise _wrong(file, name, "true or false", value)
        return [f"--{name}"] if value else []
    if _takes_words(action) and isinstance(value, str):
        return [f"--{name}={value}"]
    if _is_text(action):
        several = value if isinstance(value, list) else [value]
        if not several or not all(isinstance(each, str) for each in several):
            raise _wrong(file, name, 'a text, like "reds"', value)
        if len(several) > 1 and not _takes_several(action):
            raise _wrong(file, name, "one text", value)
        return [f"--{name}={','.join(several)}"]
    numbers = value if isinstance(value, list) and _takes_several(action) else [value]
    if not numbers or any(isinstance(each, bool) or not isinstance(each, int | float) for each in numbers):
        raise _wrong(file, name, "a number", value)
    return [f"--{name}={','.join(map(str, numbers))}"]


def _is_text(action: argparse.Action) -> bool:
    """Whether an option takes a text: its type, which names no number, makes one of it."""
    if action.type is None or action.choices is not None:
        return True
    if not callable(action.type):
        return False
    try:
        action.type("a")
    except Exception:
        return False
    return True


def _takes_words(action: argparse.Action) -> bool:
    """Whether an option takes a number or one of some words."""
    return "|" in str(action.metavar)


def _takes_several(action: argparse.Action) -> bool:
    return "," in str(action.metavar)


def _wrong(file: Path, name: str, wanted: str, value: Any) -> RunError:
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return RunError(f"{file}: {name} must be {wanted}, not {shown}")


def asked(options: argparse.Namespace, parser: argparse.ArgumentParser) -> dict[str, object]:
    """What a command line asks for beyond the defaults, by the options' names, as values of TOML.

    Args:
        options: What the parser made of it.
        parser: The parser.
    """
    found: dict[str, object] = {}
    for action in parser._actions:
        name = next((text[2:] for text in action.option_strings if text.startswith("--")), "")
        value = getattr(options, action.dest, None)
        if not name or name in _OUTSIDE or name in found or value == action.default or value is None:
            continue
        if action.nargs != 0 or value is True:
            found[name] = _plain(value)
    return found


def _plain(value: Any) -> object:
    if isinstance(value, tuple | list):
        return [str(each) for each in value]
    return value if isinstance(value, bool | int | float) else str(value)


def save(experiment: Experiment) -> None:
    """Writes the file that repeats an experiment beside its record: `python -m benchmarks.run --config FILE`.

    Raises:
        FileError: When it cannot be written.
    """
    folder = experiment.request.output.results
    write_text(layout.config_of(folder, experiment.identity, experiment.key), text_of(experiment))


def text_of(experiment: Experiment) -> str:
    """The content of the file that repeats an experiment.

    What a later version may choose otherwise is written out: variant, budget, protocol and seed.
    """
    request = experiment.request
    # What is said below instead.
    passing = [*_PASSING, "model", "dataset", "variant", "seed", "profile", "protocol"]
    if replace(experiment.options, variant=None) == ModelOptions():
        # A baseline beside models that learn.
        passing += [*_OF_MODELS, *(option.removeprefix("--") for option in OPTIONS.values())]
    values = {
        "model": _model(experiment),
        "dataset": experiment.dataset,
        **{name: value for name, value in request.asked.items() if name not in passing},
        "seed": experiment.seed,
        "profile": request.training.profile,
        "protocol": experiment.protocol.name,
    }
    if request.training.fit_batch and experiment.recipe is not None:
        values["batch-size"] = experiment.recipe.data.batch
    lines = [f"{name} = {_toml(value)}" for name, value in values.items()]
    return "\n".join([f"# {experiment.name}; python -m benchmarks.run --config FILE repeats it", *lines, ""])


def _model(experiment: Experiment) -> str:
    """What a command line calls the model of an experiment."""
    if experiment.own is not None:
        return experiment.own.source
    # The reference is in every grid by its name alone.
    bare = experiment.model == REFERENCE and experiment.options.variant is None
    return experiment.model if bare else f"{experiment.model}/{experiment.variant}"


def _toml(value: object) -> str:
    """A number, a text, true or false, or a list of texts in TOML, whose texts are JSON's but for one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
