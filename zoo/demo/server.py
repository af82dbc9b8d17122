"""Serves the page until somebody ends it; its files lie in a folder of their own that goes with it."""

from __future__ import annotations

import ipaddress
import os
import signal
import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from zoo.demo.offers import Offer
from zoo.demo.work import Limits
from zoo.errors import ZooError

if TYPE_CHECKING:
    import gradio as gr

# What would open more of this machine than is asked for, or let somebody edit the program.
_UNWANTED = ("GRADIO_ALLOWED_PATHS", "GRADIO_SHARE", "GRADIO_VIBE_MODE", "GRADIO_WATCH_DIRS", "GRADIO_SSR_MODE")
_SECONDS_BETWEEN_LOOKS = 0.2


@dataclass(frozen=True)
class Address:
    """Where the page is served.

    Attributes:
        host: Name or number of an interface of this machine.
        port: None takes the first that is free from 7860 on.
        share: Whether Gradio's servers lead the whole web to it.
    """

    host: str = "127.0.0.1"
    port: int | None = None
    share: bool = False

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it."""
        if self.share:
            return False
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return self.host == "localhost"

    def check(self) -> None:
        """Refuses what cannot be listened on.

        Raises:
            ZooError: With the reason.
        """
        try:
            family, kind, protocol, _, place = socket.getaddrinfo(
                self.host.strip("[]"), self.port or 0, type=socket.SOCK_STREAM
            )[0]
            with socket.socket(family, kind, protocol) as trial:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                trial.bind(place)
        except (OSError, UnicodeError) as error:
            port = "" if self.port is None else f", port {self.port}"
            reason = getattr(error, "strerror", None) or error
            raise ZooError(f"cannot serve on {self.host}{port}: {reason}; give another --host or --port") from error


@contextmanager
def serving(offers: Sequence[Offer], limits: Limits, address: Address) -> Iterator[gr.Blocks]:
    """Serves the page within the block.

    Args:
        offers: The weights that may be chosen, the first one first.
        limits: What may be sent.
        address: Where.

    Yields:
        The page; `local_url` and `share_url` say where it is.

    Raises:
        ZooError: When the address cannot be listened on, the first weights cannot be loaded, or there is no link to
            share.
    """
    address.check()
    with tempfile.TemporaryDirectory(prefix="deblur-zoo-demo-", ignore_cleanup_errors=True) as name:
        # Symbolic links, as in macOS's folder for temporary files, would be another path than Gradio's.
        folder = Path(name).resolve()
        with _environment(folder):
            yield from _serve(folder, offers, limits, address)


def _serve(folder: Path, offers: Sequence[Offer], limits: Limits, address: Address) -> Iterator[gr.Blocks]:
    from starlette.middleware import Middleware

    from zoo.demo.examples import write_examples
    from zoo.demo.gate import Gate
    from zoo.demo.page import CSS, build, theme
    from zoo.demo.work import Restorer

    restorer = Restorer(offers, limits, folder)
    try:
        restorer.prepare()
        page = build(restorer, write_examples(folder / "examples"), _privacy(address))
    except BaseException:
        restorer.close()
        raise
    try:
        page.launch(
            server_name=address.host,
            server_port=address.port,
            share=address.share,
            prevent_thread_lock=True,
            inline=False,
            quiet=True,
            show_error=True,
            footer_links=[],
            run_history=False,
            allowed_paths=[],
            enable_monitoring=False,
            pwa=False,
            ssr_mode=False,
            mcp_server=False,
            num_workers=0,
            max_file_size=limits.bytes,
            theme=theme(),
            css=CSS,
            app_kwargs={"middleware": [Middleware(Gate, most_bytes=limits.bytes)]},
        )
        if address.share and not page.share_url:
            raise ZooError("no link to share could be made; leave --share out, or see to the connection to the web")
        yield page
    finally:
        restorer.close()
        page.close(verbose=False)


def _privacy(address: Address) -> str:
    if address.is_local:
        return "Everything is computed on this machine; nothing is sent anywhere else."
    return "Photographs are sent to the machine that serves this page, which deletes them within the hour or two."


@contextmanager
def _environment(folder: Path) -> Iterator[None]:
    """Sets what Gradio reads from the environment, and puts it back."""
    before = dict(os.environ)
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    # Gradio serves what lies there, too; by default it is a folder below the current one.
    os.environ["GRADIO_EXAMPLES_CACHE"] = str(folder / "cached")
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    for name in _UNWANTED:
        os.environ.pop(name, None)
    try:
        yield
    finally:
        for name in {*os.environ, *before}:
            if name.startswith("GRADIO_") and os.environ.get(name) != before.get(name):
                if name in before:
                    os.environ[name] = before[name]
                else:
                    del os.environ[name]


def wait_for_the_end() -> None:
    """Returns when somebody presses Ctrl-C or asks the process to end, which is asked once: what follows cleans up."""

    def end(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    try:
        while True:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
    except KeyboardInterrupt:
        return
