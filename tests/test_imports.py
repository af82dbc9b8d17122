"""The doors between the rooms: who may import whom, read from the imports of every file, also those in functions."""

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("common", "zoo", "datasets", "benchmarks")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
COMMANDS = {f"benchmarks.{name}.__main__" for name in ("run", "leaderboard", "tables", "report", "score", "speed")} | {
    "benchmarks.__main__",
    "datasets.__main__",
    "zoo.__main__",
}
READERS = ("benchmarks.records", "benchmarks.leaderboard", "benchmarks.tables", "benchmarks.report")
WORKERS = ("benchmarks.training", "benchmarks.evaluation", "benchmarks.run")


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in FILES}


@cache
def imports_of(path: Path) -> frozenset[str]:
    """Every module of ours that a file may import; `from a import b` is a.b where that is a module, else a."""
    found = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    # What only a type checker reads is no import.
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in MODULES else str(node.module))
    return frozenset(name for name in found if name.partition(".")[0] in (*PACKAGES, "tests"))


def within(module: str, room: str) -> bool:
    return module == room or module.startswith(f"{room}.")


def room_of(module: str) -> str:
    """The place below a package that a module lies in."""
    return ".".join(module.split(".")[:2])


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """Groups of nodes that reach each other (Tarjan's strongly connected components of more than one node)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in arrows.get(node, ()):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            group = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(group) > 1:
                found.append(sorted(group))

    for node in sorted(arrows):
        if node not in index:
            visit(node)
    return found


def rooms_of(package: str) -> dict[str, set[str]]:
    """Room -> rooms of the same package that it imports."""
    arrows: dict[str, set[str]] = defaultdict(set)
    for module, path in MODULES.items():
        if within(module, package) and module != package:
            room = room_of(module)
            arrows[room] |= {
                room_of(name) for name in imports_of(path) if within(name, f"{package}") and name != package
            } - {room}
    return dict(arrows)


def floors(arrows: dict[str, set[str]]) -> dict[str, int]:
    """Room -> 1 + the highest floor below it."""

    @cache
    def floor(room: str) -> int:
        return 1 + max((floor(other) for other in arrows.get(room, ())), default=0)

    return {room: floor(room) for room in arrows}


@pytest.mark.parametrize(
    ("room", "shut"),
    [
        ("common", ("zoo", "datasets", "benchmarks")),
        ("zoo", ("datasets", "benchmarks")),
        ("datasets", ("zoo", "benchmarks")),
        ("benchmarks.metrics", ("zoo", "datasets", "benchmarks.run")),
        *((room, WORKERS) for room in READERS),
        *((room, ("benchmarks.run",)) for room in ("benchmarks.training", "benchmarks.evaluation")),
    ],
)
def test_a_room_imports_only_what_it_may_know(room, shut):
    files = [path for module, path in MODULES.items() if within(module, room)]
    assert len(files) > 3
    for path in files:
        crossed = {name for name in imports_of(path) if any(within(name, other) for other in shut)}
        assert not crossed, f"{path} imports {crossed}"


def test_nothing_imports_a_command():
    assert set(MODULES) >= COMMANDS
    commands = {name for name in MODULES if name.endswith("__main__")}
    assert commands >= COMMANDS
    for path in FILES:
        taken = imports_of(path) & commands
        assert not taken, f"{path} imports {taken}"


def test_tests_are_no_part_of_the_packages():
    for path in FILES:
        assert not any(within(name, "tests") for name in imports_of(path)), path


def test_no_module_reaches_itself():
    # A package's __init__ is its front door: what it shows of its rooms is no arrow back from them.
    fronts = {module_of(path) for path in FILES if path.name == "__init__.py"}
    arrows = {module: set(imports_of(path)) - fronts for module, path in MODULES.items() if module not in fronts}
    assert circles(arrows) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_room_reaches_itself(package):
    assert circles(rooms_of(package)) == []


def test_the_benchmarks_have_few_rooms_on_few_floors():
    arrows = rooms_of("benchmarks")
    count = sum(len(others) for others in arrows.values())
    height = floors(arrows)
    print(f"{len(arrows)} rooms, {max(height.values())} floors, {count} arrows", height)
    # The grid over machines will be one more room.
    assert len(arrows) <= 16
    assert max(height.values()) <= 4
    assert count <= 56
