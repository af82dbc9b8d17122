"""Progress on the screen: a line now and then where there is no terminal."""

import sys

import pytest

from common import console


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets."""
    time = [0.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: time[0])
    monkeypatch.setattr("sys.stderr.isatty", lambda: False, raising=False)
    return time


def test_a_line_now_and_then(clock, capsys):
    with console.progress("scoring") as progress:
        for done in range(1, 101):
            clock[0] += 1.0
            progress(done, 1000)
    assert capsys.readouterr().err.splitlines() == [
        "scoring: 30 of 1,000, about 16 min left",
        "scoring: 60 of 1,000, about 16 min left",
        "scoring: 90 of 1,000, about 15 min left",
    ]


def test_what_was_done_before_a_resume_is_no_measure_of_speed(clock, capsys):
    with console.progress("training") as progress:
        progress(900, 1000)
        clock[0] = 60.0
        progress(910, 1000)
    assert capsys.readouterr().err == "training: 910 of 1,000, about 9 min left\n"


def test_what_is_quick_says_nothing(clock, capsys):
    with console.progress("scoring") as progress:
        for done in range(1, 11):
            clock[0] += 1.0
            progress(done, 10)
    assert capsys.readouterr().err == ""


def test_progress_takes_calls_where_there_is_no_terminal(capsys):
    with console.progress("work") as shown:
        shown(1, 2)
    assert capsys.readouterr() == ("", "")


def test_progress_is_a_bar_on_a_terminal(monkeypatch, capfd):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    with console.progress("reading reds") as shown:
        for done in range(3):
            shown(done, 2)
    assert "reading reds" in capfd.readouterr().err
