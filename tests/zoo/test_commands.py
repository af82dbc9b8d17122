"""`python -m zoo`."""

import json
import os
import subprocess
import sys

import pytest

import zoo
from zoo.__main__ import main
from zoo.registry import options_of


def run(*arguments):
    return subprocess.run([sys.executable, "-m", "zoo", *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("arguments", [["--help"], ["info", "--help"], ["list"], ["info", "kaist"], ["nonsense"]])
def test_help_tables_and_bad_arguments_do_not_wait_for_a_framework(arguments):
    done = run(*arguments)
    assert done.returncode == (2 if "nonsense" in arguments else 0)
    assert done.stdout or done.stderr.startswith("error: argument COMMAND: invalid choice: 'nonsense'")
    assert done.stderr.count("\n") == (1 if "nonsense" in arguments else 0)
    code = (
        f"import sys, zoo.__main__\ntry: zoo.__main__.main({arguments!r})\nexcept SystemExit: pass\n"
        "print([m for m in ('keras', 'tensorflow', 'jax', 'torch') if m in sys.modules])"
    )
    checked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert checked.stdout.splitlines()[-1] == "[]"


def test_a_reader_that_has_had_enough_is_told_by_the_status_alone():
    reading, writing = os.pipe()
    # Gone before the first line, as a reader that goes later may find everything written.
    os.close(reading)
    command = [sys.executable, "-m", "zoo", "list"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_terminal_that_knows_ascii_only():
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "zoo", "info", "fba"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert "F. Piti\\xe9" in done.stdout


def test_nothing_heavy_is_imported_without_need():
    code = (
        "import sys; from zoo.__main__ import main; main(['list', '--json']); "
        "print([m for m in ('keras', 'tensorflow', 'jax', 'torch', 'rich') if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_list_has_a_row_for_every_variant(capsys):
    assert main(["list"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == ["name", "variant", "parameters", "GMACs", "at", "256x256", "frames", "paper"]
    infos = [zoo.info(name) for name in zoo.list_models()]
    expected = [(info.name, name) for info in infos for name, variant in info.variants.items() if variant.listed]
    assert [(row[0], row[1]) for row in rows[1 : 1 + len(expected)]] == expected
    assert ["kaist", "video", "*", "11,595,613", "59.01", "3", "H.", "Sim,", "M.", "Kim"] in rows


def test_list_takes_names_and_wildcards(capsys):
    for pattern in ("carlo", "c*", "[bc]arl?"):
        assert main(["list", pattern]) == 0
        assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:3]] == ["carlo", "carlo"]


def test_list_as_json_says_everything(capsys):
    assert main(["list", "*a*", "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)
    assert [entry["name"] for entry in entries] == zoo.list_models("*a*")
    atrous = next(entry for entry in entries if entry["name"] == "atrous")
    assert atrous["variants"]["reds"]["parameters"] == 24_433_539
    assert atrous["variants"]["reds"]["options"] == {"blocks": 10}
    assert atrous["options"]["slope"] == 0.3
    assert atrous["variants"]["reds"]["macs"] == 412_102_950_912


@pytest.mark.parametrize("name", zoo.list_models())
def test_info_reads_like_a_card(name, capsys):
    assert main(["info", name]) == 0
    shown = capsys.readouterr().out
    info = zoo.info(name)
    assert shown.startswith(f"{info.title} ({name})\n{info.summary}\n")
    assert f"\npaper     {info.paper}\n" in shown
    assert f"\nlicence   {info.licence}\n" in shown
    least = min(max(info.minimum_size, variant.shrink + 1) for variant in info.variants.values())
    assert f"at least {least}" in shown
    for variant, entry in info.variants.items():
        assert f"\n{variant}{' *' if variant == info.default else ''} " in shown
        assert f" {entry.parameters:,} " in shown
        assert entry.note in shown
    for option, default in options_of(name).items():
        assert f"\n  {option} " in shown
        assert f" {default}\n" in shown


def test_info_of_one_variant_shows_its_own_values(capsys):
    assert main(["info", "kaist", "--variant", "tiny-video"]) == 0
    shown = capsys.readouterr().out
    assert "195,229" in shown
    assert "11,595,613" not in shown
    assert "(batch, height, width, 9) in [0, 1], RGB; 3 frames are previous, current, next" in shown
    assert "height and width multiples of 8, at least 8; zoo.restore pads other sizes" in shown
    assert "filters            8  (default 32)\n" in shown
    assert "slope              0.3\n" in shown


def test_macs_are_shown(capsys):
    # 3x3 convolutions without padding: each layer of CARLO_NET loses 2 pixels a side, then gains them again.
    sides = [256 - 2 * index for index in range(1, 11)]
    encoder = sum(side**2 * 9 * (3 if side == 254 else 32) * 32 for side in sides)
    decoder = sum(side**2 * 9 * 32 * (3 if side == 254 else 32) for side in sides)
    assert zoo.info("carlo").variants["tiny"].macs == encoder + decoder
    for command in (["info", "carlo", "--variant", "tiny"], ["list", "carlo"]):
        assert main(command) == 0
        shown = capsys.readouterr().out
        assert "GMACs at 256x256" in shown
        assert f" {(encoder + decoder) / 1e9:.2f} " in shown


def test_running_statistics_are_counted_apart(capsys):
    assert main(["info", "refiner"]) == 0
    shown = capsys.readouterr().out
    assert "66,849 + 336" in shown
    assert "67,185 weights in all" in shown
    assert "blur step second input (batch, 1)" in shown
    assert "grey and its medians of widths 3, 5, 7, 9" in shown
    assert "each side 26 or 58 pixels smaller; zoo.restore makes up for it" in shown


def test_several_outputs_are_named(capsys):
    assert main(["info", "fcn"]) == 0
    assert "3 of them: sharp, stage2, stage1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["info", "atrus"], "error: unknown model 'atrus' (did you mean 'atrous'?); choose one of atrous, carlo"),
        (["list", "kais"], "error: unknown model 'kais' (did you mean 'kaist'?); choose one of atrous, carlo"),
        (["list", "z*"], "error: unknown model 'z*'; choose one of atrous, carlo"),
        (["info", "carlo", "--variant", "imag"], "error: carlo has no variant 'imag' (did you mean 'image'?)"),
    ],
)
def test_bad_input_is_one_line(arguments, line, capsys):
    assert main(arguments) == 2
    streams = capsys.readouterr()
    assert streams.out == ""
    assert streams.err.startswith(line)
    assert streams.err.count("\n") == 1


def test_interrupting_is_quiet(monkeypatch, capsys):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(zoo, "list_models", interrupted)
    assert main(["list"]) == 130
    assert capsys.readouterr().err == "stopped by Ctrl-C; finished work is kept\n"


def test_options_are_those_of_the_builder():
    assert options_of("identity") == {}
    assert options_of("carlo") == {"filters": 128}
    with pytest.raises(zoo.ZooError, match="did you mean 'carlo'"):
        options_of("carl")
    options_of("carlo")["filters"] = 1
    assert options_of("carlo") == {"filters": 128}
