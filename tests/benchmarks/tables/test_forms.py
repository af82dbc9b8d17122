"""Tables of papers as they are printed, in every form."""

import csv
import io
import json

from benchmarks.tables import __main__


def printed(capfd, folder, *options):
    assert __main__.main(["--results", str(folder), "--paper", "lite", *options]) == 0
    *lines, last = capfd.readouterr().out.splitlines()
    assert last.startswith(f"{folder / 'tables' / 'lite'}.{{md,csv,tex}}: ")
    return "\n".join(lines)


def test_forms_hold_the_same_lines(tmp_path, capfd):
    assert printed(capfd, tmp_path) == ""
    rows = list(csv.DictReader(io.StringIO(printed(capfd, tmp_path, "--format", "csv"))))
    assert rows and json.loads(printed(capfd, tmp_path, "--format", "json")) == rows
    markdown = printed(capfd, tmp_path, "--format", "markdown")
    assert markdown == printed(capfd, tmp_path, "--print")
    assert r"\begin{longtable}" in printed(capfd, tmp_path, "--format", "latex")
    table = printed(capfd, tmp_path, "--format", "table")
    assert all(row["model"] in table and row["claimed"] in table for row in rows if row["claimed"])
