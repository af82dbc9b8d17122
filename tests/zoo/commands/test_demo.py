"""`python -m zoo demo`, up to the server."""

import importlib.util
import socket

import pytest

from zoo.__main__ import main

pytestmark = pytest.mark.usefixtures("nothing_installed")


@pytest.fixture
def with_gradio(monkeypatch):
    """Gradio seems installed; what is tested ends before it is imported."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)


def refused(arguments, capsys):
    """The one line on the standard error."""
    try:
        status = main(["demo", *arguments])
    except SystemExit as end:
        status = end.code
    assert status == 2
    streams = capsys.readouterr()
    assert streams.out == "" and streams.err.startswith("error: ") and streams.err.count("\n") == 1
    return streams.err


def test_without_gradio_the_extra_is_named(monkeypatch, capsys):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "pip install -e '.[demo]'" in refused([], capsys)


def test_without_weights_it_says_how_to_get_some(with_gradio, capsys):
    assert "python -m zoo weights get " in refused([], capsys)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "0"], "whole number of at least 1"),
        (["--port", "65536"], "from 1 to 65535"),
        (["--max-megapixels", "0"], "above 0"),
        (["--max-megapixels", "nan"], "above 0"),
        (["--max-megabytes", "much"], "above 0"),
        (["--weights", "maxim-gopr"], "did you mean 'maxim-gopro'"),
        (["--weights", "none.keras"], "no such model file"),
    ],
)
def test_bad_options_are_one_line(with_gradio, capsys, arguments, words):
    assert words in refused(arguments, capsys)


def test_an_address_that_is_taken_or_is_none_is_one_line():
    from zoo.demo.server import Address
    from zoo.errors import ZooError

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ZooError, match=f"cannot serve on 127.0.0.1, port {port}: "):
            Address(port=port).check()
    for host in ("192.0.2.1", "no.such.host.invalid", "a" * 300, ""):
        with pytest.raises(ZooError, match="give another --host or --port"):
            Address(host).check()
    Address().check()


def test_who_can_reach_an_address():
    from zoo.demo.server import Address

    assert Address().is_local and Address("localhost").is_local and Address("::1").is_local
    assert not Address("0.0.0.0").is_local and not Address(share=True).is_local and not Address("example.org").is_local
