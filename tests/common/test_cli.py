"""One-line errors, exit statuses, numbers on the command line."""

import argparse
import errno
import os

import pytest

from common import cli
from common.errors import FileError


@pytest.mark.parametrize(
    ("raised", "line"),
    [
        (FileError("a\nb"), "error: a b"),
        (OSError(errno.ESTALE, os.strerror(errno.ESTALE), "/mnt/x"), "error: /mnt/x: Stale file handle; check that"),
        (OSError(errno.ENAMETOOLONG, "File name too long", "x" * 9), "error: xxxxxxxxx: File name too long"),
        (OSError("unnamed"), "error: unnamed"),
    ],
)
def test_expected_errors_are_one_line(capsys, raised, line):
    def fail():
        raise raised

    assert cli.guarded(fail) == 2
    error = capsys.readouterr().err
    assert error.startswith(line)
    assert error.count("\n") == 1


def test_other_errors_are_not_hidden():
    def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cli.guarded(fail)


def test_a_status_passes_through():
    assert [cli.guarded(lambda status=status: status) for status in (0, 1)] == [0, 1]


class TestNumbers:
    @pytest.mark.parametrize("text", ["²³", "٣", "1e3", "-1", "1.0", "", " 1", "9" * 5000])
    @pytest.mark.parametrize("kind", [cli.positive, cli.count, cli.seed_number])
    def test_what_is_no_number(self, kind, text):
        with pytest.raises(argparse.ArgumentTypeError, match="must be a whole number"):
            kind(text)

    def test_bounds(self):
        assert (cli.positive("1"), cli.count("0"), cli.seed_number(str(2**32 - 1))) == (1, 0, 2**32 - 1)
        with pytest.raises(argparse.ArgumentTypeError):
            cli.positive("0")
        with pytest.raises(argparse.ArgumentTypeError):
            cli.seed_number(str(2**32))


def test_what_was_left_out_is_named_in_one_line(capsys):
    cli.name_problems(["a.json: broken\nin two lines"])
    assert capsys.readouterr().err == "left out: a.json: broken in two lines\n"
