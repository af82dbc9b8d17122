"""The tables of the README and the documentation are what the registries say."""

import re
from pathlib import Path

import pytest

import zoo
from benchmarks.metrics import METRICS
from benchmarks.tables import __main__, readme
from benchmarks.tables.markup import RST, markup_of
from datasets.registry import list_datasets
from tests.support import fakes
from zoo.weights import catalogue

ROOT = Path(__file__).resolve().parents[3]
KEPT = {
    "README.md": ["models", "weights"],
    "docs/datasets.rst": ["datasets"],
    "docs/metrics.rst": ["metrics", "protocols"],
}


@pytest.mark.parametrize("page", readme.PAGES, ids=str)
def test_the_kept_tables_are_up_to_date(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    markup = markup_of(page)
    assert [name for _, name, *_ in markup.marked.findall(text)] == KEPT[str(page)]
    assert readme.filled(text, markup) == text, "make it anew: python -m benchmarks.tables --readme"


def test_links_of_the_readme_lead_somewhere():
    links = re.findall(r"\]\(([^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(links) > 15
    for link in links:
        assert (ROOT / link.partition("#")[0]).is_file(), link


def test_all_weights_have_a_way_to_get_them():
    lines = [line for line in readme.weights().splitlines()[2:] if "|" in line]
    named = [name for line in lines for name in re.findall(r"`([^`]+)`", line.split("|")[1])]
    assert sorted(named) == sorted(entry.name for entry in catalogue.entries())
    (own,) = (line for line in lines if "come with the zoo" in line)
    assert "`photo-small`" in own


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


def test_a_page_of_the_documentation(tmp_path, capsys):
    page, other = tmp_path / "page.rst", tmp_path / "other.md"
    page.write_text("A\n=\n\n.. <datasets>\n.. </datasets>\n\nkept\n\n.. <else>\n\nmine\n\n.. </else>\n")
    other.write_text("<!-- models -->\n<!-- /models -->\n")
    assert __main__.main(["--readme", str(page), str(other)]) == 0
    assert capsys.readouterr().out == f"{page}: datasets\n{other}: models\n"
    text = page.read_text()
    assert text.startswith("A\n=\n\n.. <datasets>\n\n.. list-table::\n")
    assert "   * - ``gopro``\n     - `GOPRO\\_Large, linear blur (Nah et al. 2017) <https://" in text
    assert text.endswith("\n\n.. </datasets>\n\nkept\n\n.. <else>\n\nmine\n\n.. </else>\n")
    assert readme.filled(text, RST) == text


def test_a_file_without_a_place_and_no_file(tmp_path, refused):
    path = tmp_path / "page.md"
    path.write_text("# A\n")
    assert "no place for a table" in refused(__main__.main, "--readme", path)
    assert "cannot be read" in refused(__main__.main, "--readme", tmp_path / "none.md")
    assert path.read_text() == "# A\n"
    page = tmp_path / "page.rst"
    page.write_text("<!-- models -->\n<!-- /models -->\n")
    assert ".. <models> .. </models>" in refused(__main__.main, "--readme", page)
