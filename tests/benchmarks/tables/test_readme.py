"""The README's tables are what the registries say."""

from pathlib import Path

import pytest

import zoo
from benchmarks.metrics import METRICS
from benchmarks.tables import __main__, readme
from datasets.registry import list_datasets
from tests.support import fakes

README = Path(__file__).resolve().parents[3] / "README.md"


def test_the_readme_is_up_to_date():
    text = README.read_text(encoding="utf-8")
    for name in ("models", "datasets", "metrics"):
        assert f"<!-- {name} -->\n|" in text, name
    assert readme.filled(text) == text, "make it anew: python -m benchmarks.tables --readme"


@pytest.mark.parametrize(
    ("table", "names"), [("models", zoo.list_models()), ("datasets", list_datasets()), ("metrics", list(METRICS))]
)
def test_everything_registered_has_a_line(table, names):
    header, rule, *lines = readme.TABLES[table]().splitlines()
    assert [line.split("`")[1] for line in lines] == names
    assert len({line.replace("\\|", "").count("|") for line in (header, rule, *lines)}) == 1


def test_what_is_registered_later_gets_a_line():
    before = readme.models()
    with fakes.registered_toy():
        (new,) = set(readme.models().splitlines()) - set(before.splitlines())
    assert new.startswith("| `toy` |")


def test_only_what_is_between_the_markers_changes(tmp_path, capsys):
    path = tmp_path / "page.md"
    path.write_text("# A\n<!-- metrics -->\nold\n<!-- /metrics -->\nkept\n<!-- else -->\nmine\n<!-- /else -->\n")
    assert __main__.main(["--readme", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: metrics\n"
    text = path.read_text()
    assert "old" not in text and "| `psnr` |" in text
    assert text.startswith("# A\n<!-- metrics -->\n|")
    assert text.endswith("|\n<!-- /metrics -->\nkept\n<!-- else -->\nmine\n<!-- /else -->\n")
    assert __main__.main(["--readme", str(path)]) == 0
    assert path.read_text() == text


def test_a_file_without_a_place_and_no_file(tmp_path, refused):
    path = tmp_path / "page.md"
    path.write_text("# A\n")
    assert "no place for a table" in refused(__main__.main, "--readme", path)
    assert "cannot be read" in refused(__main__.main, "--readme", tmp_path / "none.md")
    assert path.read_text() == "# A\n"
