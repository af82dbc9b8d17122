"""The doors between the rooms: who may import whom, read from the imports of every file."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(path for room in ("zoo", "datasets", "benchmarks") for path in (ROOT / room).rglob("*.py"))
COMMANDS = {"benchmarks.run", "benchmarks.leaderboard", "datasets.__main__"}


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> set[str]:
    """Every module that a file may import, also inside functions; `from a import b` counts as a and as a.b."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def is_command(path: Path) -> bool:
    return path.name == "__main__.py" or '__name__ == "__main__"' in path.read_text(encoding="utf-8")


def within(module: str, room: str) -> bool:
    return module == room or module.startswith(f"{room}.")


@pytest.mark.parametrize(
    ("room", "shut"),
    [
        ("zoo", ("datasets", "benchmarks")),
        ("datasets", ("zoo", "benchmarks")),
        ("benchmarks.metrics", ("zoo", "datasets", "benchmarks.run")),
    ],
)
def test_a_room_imports_only_what_it_may_know(room, shut):
    files = [path for path in FILES if within(module_of(path), room)]
    assert len(files) > 5
    for path in files:
        crossed = {name for name in imports_of(path) if any(within(name, other) for other in shut)}
        assert not crossed, f"{path} imports {crossed}"


def test_nothing_imports_a_command():
    commands = {module_of(path) for path in FILES if is_command(path)}
    assert commands >= COMMANDS
    for path in FILES:
        taken = imports_of(path) & commands
        assert not taken, f"{path} imports {taken}"


def test_tests_are_no_part_of_the_packages():
    for path in FILES:
        assert not any(within(name, "tests") for name in imports_of(path)), path
