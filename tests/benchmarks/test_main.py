"""`python -m benchmarks` and `deblur-zoo`: every command under one name."""

import importlib

import pytest

from benchmarks.__main__ import COMMANDS, main


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_answers(name, capsys):
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert printed.startswith("usage: ") and name in printed.partition("[-h]")[0]


def test_every_room_with_a_command_is_there():
    modules = {command.module for command in COMMANDS.values()}
    for module in modules:
        assert importlib.import_module(module).main


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_and_version(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert printed == "deblur-zoo 0.1.0\n" if "--version" in arguments else all(name in printed for name in COMMANDS)


@pytest.mark.parametrize("arguments", [[], ["retore"], ["--modle"]])
def test_what_is_no_command_is_one_line(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
