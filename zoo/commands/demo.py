"""`python -m zoo demo`: a page to drop a photograph on."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from typing import Any

from common.cli import name_problems, positive, size
from zoo.errors import ZooError

_MEGAPIXELS, _MEGABYTES = 24.0, 64.0
_LARGEST_PORT = 65_535

_EXAMPLES = """examples:
  python -m zoo demo                                   on http://127.0.0.1:7860, for this machine only
  python -m zoo demo --weights maxim-gopro             that choice first
  python -m zoo demo --host 0.0.0.0 --port 8000        for every machine that reaches this one

One photograph is restored at a time. Ctrl-C ends it; what was sent and restored is deleted then, and after an hour.
"""


def add_to(commands: Any) -> None:
    """Adds the command to a parser's commands."""
    command = commands.add_parser(
        "demo",
        help="serve a page that restores photographs",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = command.add_argument
    add("--host", default="127.0.0.1", help="interface to listen on (default: %(default)s, this machine only)")
    add("--port", type=_port, metavar="N", help="port to listen on (default: the first free one from 7860)")
    add("--share", action="store_true", help="a link for the whole web, through Gradio's servers, for a week at most")
    add(
        "--weights",
        action="append",
        default=[],
        metavar="NAME|FILE",
        help="the choice offered first; several times for several (default: the best that are here)",
    )
    add(
        "--max-megapixels",
        type=size,
        default=_MEGAPIXELS,
        metavar="N",
        help="refuse larger photographs (default: %(default)g)",
    )
    add(
        "--max-megabytes",
        type=size,
        default=_MEGABYTES,
        metavar="N",
        help="refuse larger files (default: %(default)g)",
    )
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serves the page until Ctrl-C."""
    if importlib.util.find_spec("gradio") is None:
        raise ZooError("the page needs Gradio; install it with `pip install -e '.[demo]'`")
    from zoo.demo.offers import find_offers
    from zoo.demo.server import Address, serving, wait_for_the_end
    from zoo.demo.work import Limits

    address = Address(args.host, args.port, args.share)
    offers, problems = find_offers(args.weights)
    name_problems(problems)
    if not address.is_local:
        print("warning: whoever reaches this machine can use the page", file=sys.stderr, flush=True)
    with serving(offers, Limits(args.max_megapixels, args.max_megabytes), address) as page:
        print(f"weights: {', '.join(offer.name for offer in offers)}")
        print(f"serving on {page.share_url or page.local_url} (Ctrl-C ends it)", flush=True)
        wait_for_the_end()
    return 0


def _port(text: str) -> int:
    """A port for argparse."""
    found = positive(text)
    if found > _LARGEST_PORT:
        raise argparse.ArgumentTypeError(f"must be from 1 to {_LARGEST_PORT}, not {text!r}")
    return found
