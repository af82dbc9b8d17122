"""What of the server can be reached."""

import asyncio

import pytest

from zoo.demo.gate import Gate

MOST = 1_000_000


def ask(path, method="GET", length=None, kind="http"):
    """The status of an answer and its headers; the served page answers 299."""
    sent = []

    async def page(scope, receive, send):
        await send({"type": "http.response.start", "status": 299, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": b""})

    async def send(message):
        sent.append(message)

    headers = [] if length is None else [(b"content-length", str(length).encode())]
    scope = {"type": kind, "method": method, "path": path, "headers": headers}
    asyncio.run(Gate(page, MOST)(scope, None, send))
    return sent[0].get("status"), dict(sent[0].get("headers", []))


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/config",
        "/theme.css",
        "/favicon.ico",
        "/assets/index.js",
        "/static/fonts/a.woff2",
        "/gradio_api/queue/data",
        "/gradio_api/heartbeat/abc",
        "/gradio_api/file=/tmp/deblur-zoo-demo-1/a b.png",
        "/gradio_api/file=C:/Temp/a.png",
    ],
)
def test_the_page_and_its_files(path):
    status, headers = ask(path)
    assert status == 299
    assert b"default-src 'self'" in headers[b"content-security-policy"]
    assert headers[b"referrer-policy"] == b"no-referrer"
    assert ask(path, "HEAD")[0] == 299
    assert ask(path, "POST", 10)[0] == 403


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=https://example.com/a.png",
        "/gradio_api/file=HTTP:/example.com/a.png",
        "/gradio_api/file=ftp://example.com/a",
        "/gradio_api/file=data:image/png;base64,AAAA",
        "/gradio_api/file=",
        "/gradio_api/proxy=https://example.com",
        "/gradio_api/vibe-code",
        "/gradio_api/runs",
        "/monitoring",
        "/monitoring/summary",
        "/login",
        "/docs",
        "/openapi.json",
        "/gradio_api/openapi.json",
        "/assets/",
        "/configuration",
        "//config",
    ],
)
def test_nothing_else_is_read(path):
    assert ask(path)[0] == 403


@pytest.mark.parametrize(
    ("path", "length", "status"),
    [
        ("/gradio_api/upload", MOST, 299),
        ("/gradio_api/upload", 2 * MOST, 413),
        ("/gradio_api/upload", None, 411),
        ("/gradio_api/queue/join", 2_000, 299),
        ("/gradio_api/queue/join", MOST, 413),
        ("/gradio_api/queue/join", "-1", 411),
        ("/gradio_api/run/predict", 10, 299),
        ("/gradio_api/call/restore", 10, 403),
        ("/gradio_api/component_server", 10, 403),
        ("/gradio_api/process_recording", 10, 403),
        ("/gradio_api/vibe-edit", 10, 403),
        ("/login", 10, 403),
    ],
)
def test_what_is_sent_goes_to_few_places_and_is_not_large(path, length, status):
    assert ask(path, "POST", length)[0] == status


def test_other_methods_and_web_sockets_are_refused():
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        assert ask("/", method)[0] == 403
    assert ask("/", kind="websocket") == (None, {})
