"""What to cite, as text and as BibTeX."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import datasets
import zoo
from common.references import Reference, bibliography

ENTRY = re.compile(r"@(article|inproceedings|misc|techreport)\{[a-z]+\d*[a-z0-9]+,\n(  [a-z]+ = \{.+\},\n)+\}")
MODELS = [name for name in zoo.list_models() if name not in ("identity", "refiner")]
OWN = ("folder", "synthetic")


def test_an_entry():
    reference = Reference(("Köhler, Rolf", "Hirsch, M."), "The Shake of Cameras", 2012, "ECCV 2012", "https://x.org")
    assert reference.bibtex == (
        "@inproceedings{kohler2012shake,\n  author = {Köhler, Rolf and Hirsch, M.},\n"
        "  title = {{The Shake of Cameras}},\n  booktitle = {ECCV 2012},\n  year = {2012},\n  url = {https://x.org},\n}"
    )
    assert reference.text == "Rolf Köhler, M. Hirsch: The Shake of Cameras. ECCV 2012. https://x.org"


def test_what_is_not_known_is_left_out():
    report = Reference(("Mancini, L.",), "Deep Image Deblurring", None, "University of Bologna", kind="techreport")
    assert "year" not in report.bibtex and "url" not in report.bibtex
    assert "institution = {University of Bologna}" in report.bibtex
    assert report.key == "mancinideep"


def test_everything_is_listed_once():
    one, two = (Reference(("A, B",), title, 2000, "C") for title in ("One", "Two"))
    assert bibliography([one, two, one]) == f"{one.bibtex}\n\n{two.bibtex}"


@pytest.mark.parametrize(
    "references",
    [
        *(pytest.param(zoo.info(name).references, id=name) for name in MODELS),
        *(
            pytest.param(datasets.info(name).references, id=name)
            for name in datasets.list_datasets()
            if name not in OWN
        ),
    ],
)
def test_models_and_data_sets_say_what_to_cite(references):
    assert references
    for each in references:
        assert ENTRY.fullmatch(each.bibtex), each.bibtex
        assert each.address == "" or each.address.startswith("https://")
        assert all(re.fullmatch(r"[^,]+, [^,]+", author) for author in each.authors)


def test_keys_tell_apart():
    cited = {each for name in zoo.list_models() for each in zoo.info(name).references}
    cited |= {each for name in datasets.list_datasets() for each in datasets.info(name).references}
    assert len({each.key for each in cited}) == len(cited)


def test_the_citation_file():
    text = (Path(__file__).resolve().parents[2] / "CITATION.cff").read_text(encoding="utf-8")
    version = re.search(r"^version = (.+)$", Path("setup.cfg").read_text(encoding="utf-8"), re.MULTILINE)
    assert version and f"\nversion: {version[1]}\n" in text
    assert text.startswith("cff-version: 1.2.0\n")


def test_commands(capsys):
    from datasets.__main__ import main as datasets_main
    from zoo.__main__ import main

    assert main(["info", "nafnet", "--bibtex"]) == 0
    assert capsys.readouterr().out.startswith("@inproceedings{chen2022simple,\n")
    assert datasets_main(["list", "gopro", "--bibtex"]) == 0
    assert capsys.readouterr().out.startswith("@inproceedings{nah2017deep,\n")
    assert datasets_main(["list", "--bibtex"]) == 0
    assert capsys.readouterr().out.count("@") == len(
        {each for name in datasets.list_datasets() for each in datasets.info(name).references}
    )
    assert main(["info", "identity", "--bibtex"]) == 2
    assert capsys.readouterr().err.startswith("error: identity is from nothing that can be cited")
    assert datasets_main(["list", "folder", "--bibtex"]) == 2
    assert "folder has nothing to cite" in capsys.readouterr().err
