"""What of Gradio's server can be reached: what the page needs, and nothing else.

Gradio serves more than a page of one's own asks for: addresses of the web fetched for whoever asks (`file=https://...`),
other servers passed through (`proxy=`), monitoring, screen recordings, the editing of its source.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

# A file's path, but no address: one letter and a colon are a drive.
_READ = re.compile(
    r"/(config/?|theme\.css|favicon\.ico|manifest\.json|robots\.txt|(assets|static|svelte)/.+)?"
    r"|/gradio_api/(info/?|startup-events|app_id/?|heartbeat/[^/]+|upload_progress|queue/data|file=(?![a-z][a-z0-9+.-]+:).+)",
    re.IGNORECASE,
)
# `run` is for what needs no queue, such as taking an example; Gradio refuses it for the rest.
_WRITTEN = re.compile(r"/gradio_api/(upload|queue/join|run/[^/]+|cancel|reset/?)")
_UPLOAD = "/gradio_api/upload"
_METHODS = {"GET": _READ, "HEAD": _READ, "POST": _WRITTEN}

# A request that is no upload holds the names of a file and of weights.
_MOST_BYTES = 100_000
# What surrounds a file in an upload.
_ENVELOPE = 10_000

_HEADERS = [
    (b"content-security-policy", b"; ".join(
        [
            b"default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:",
            b"object-src 'none'",
            b"base-uri 'self'",
            b"form-action 'self'",
        ]
    )),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
]  # fmt: skip


class Gate:
    """Passes requests of the page on, and refuses all others.

    Args:
        app: What serves the page.
        most_bytes: Largest file that may be sent.
    """

    def __init__(self, app: App, most_bytes: int) -> None:
        self._app = app
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            # Gradio's page needs no web sockets.
            await send({"type": "websocket.close", "code": 1008})
            return

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *_HEADERS]
            await send(message)

        status, said = self._verdict(scope)
        if status == 200:
            await self._app(scope, receive, send_with_headers)
            return
        headers = [(b"content-type", b"text/plain; charset=utf-8")]
        await send_with_headers({"type": "http.response.start", "status": status, "headers": headers})
        await send_with_headers({"type": "http.response.body", "body": said.encode()})

    def _verdict(self, scope: Scope) -> tuple[int, str]:
        """The status of the answer, 200 to pass a request on, and why it is refused."""
        known = _METHODS.get(scope["method"])
        # Starlette's routes see the path decoded, as it stands here.
        if known is None or not known.fullmatch(scope["path"]):
            return 403, "not part of this page"
        if scope["method"] != "POST":
            return 200, ""
        length = dict(scope["headers"]).get(b"content-length", b"")
        if not length.isdigit():
            return 411, "the length of what is sent must be said"
        most = self._most_bytes + _ENVELOPE if scope["path"] == _UPLOAD else _MOST_BYTES
        if int(length) > most:
            return 413, f"larger than the {most / 1e6:g} MB that are taken"
        return 200, ""
