"""Rewrites a file of the checkout's packages so that it works under `deblur_zoo`."""

from __future__ import annotations

import ast
import re

NAME = "deblur_zoo"
PACKAGES = ("common", "zoo", "datasets", "benchmarks")

_OURS = "|".join(PACKAGES)
_MODULE = re.compile(rf"(?:{_OURS})(?:\.\w+)+")
_EXAMPLE = re.compile(rf"^(\s*(?:>>>|\.\.\.) )(import|from) ({_OURS})\b(.*)$", re.MULTILINE)

# What an installation's commands are called.
_COMMANDS = (
    (re.compile(r"python -m benchmarks\.(?=\w)"), "deblur-zoo "),
    (re.compile(r"python -m (?:zoo|benchmarks)\b"), "deblur-zoo"),
    (re.compile(r"python -m datasets\b"), "deblur-zoo datasets"),
)


def rewritten(source: str) -> str:
    """A module's text with every import of the packages below `deblur_zoo`, and commands as an installation has them.

    Names of modules that stand in a text by themselves, as for `importlib`, are rewritten, too.

    Args:
        source: Python code.

    >>> rewritten("from datasets.image import cut")
    'from deblur_zoo.datasets.image import cut'
    >>> rewritten("load = import_module('zoo.weights')")
    "load = import_module('deblur_zoo.zoo.weights')"
    """
    lines = [line.encode() for line in source.splitlines(keepends=True)]
    tree = ast.parse(source)
    # Parts of f-strings are no names of their own, and Python 3.11 does not know where they stand.
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    edits = [edit for node in ast.walk(tree) if id(node) not in parts and (edit := _edit(node)) is not None]
    # From the end on, so that the places of those before stay right.
    for node, text in sorted(edits, key=lambda edit: (edit[0].lineno, edit[0].col_offset), reverse=True):
        _replace(lines, node, text)
    result = b"".join(lines).decode()
    result = _EXAMPLE.sub(lambda match: match[1] + rewritten(f"{match[2]} {match[3]}{match[4]}"), result)
    for pattern, command in _COMMANDS:
        result = pattern.sub(command, result)
    return result


def _edit(node: ast.AST) -> tuple[ast.stmt | ast.expr, str] | None:
    """A statement or text that has to change, and what it becomes."""
    if isinstance(node, ast.Import) and any(_is_ours(alias.name) for alias in node.names):
        return node, "; ".join(_imported(alias) for alias in node.names)
    if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module and _is_ours(node.module):
        changed = ast.ImportFrom(f"{NAME}.{node.module}", node.names, 0)
        return node, ast.unparse(ast.fix_missing_locations(changed))
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and _MODULE.fullmatch(node.value):
        return node, repr(f"{NAME}.{node.value}")
    return None


def _imported(alias: ast.alias) -> str:
    """What imports the same module and binds the same name."""
    if not _is_ours(alias.name):
        return ast.unparse(ast.Import([alias]))
    if alias.asname is not None:
        return f"import {NAME}.{alias.name} as {alias.asname}"
    first, dot, _ = alias.name.partition(".")
    bound = f"from {NAME} import {first}"
    return f"import {NAME}.{alias.name}; {bound}" if dot else bound


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in PACKAGES


def _replace(lines: list[bytes], node: ast.stmt | ast.expr, text: str) -> None:
    """Puts a text in the place of a node; what it spans more than its first line becomes empty lines.

    Line numbers of what follows stay, so that a traceback of an installation fits the checkout.
    """
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    before, after = lines[first][: node.col_offset], lines[last][node.end_col_offset :]
    lines[first] = before + text.encode() + after
    for line in range(first + 1, last + 1):
        lines[line] = b"\n"
