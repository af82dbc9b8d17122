"""Options about what computes: devices, hosts, arithmetic of GPUs; and which of them cannot go together."""

from __future__ import annotations

import argparse
import re

from benchmarks.errors import RunError
from benchmarks.training.devices import AUTO, CPU, GPU, Wanted
from common.cli import count, positive

_ADDRESS = re.compile(r"[^\s:/]+:\d{1,5}|\[[0-9a-fA-F:]+\]:\d{1,5}")
_LAST_PORT = 65535


def device_choice(text: str) -> str:
    """Reads a choice of devices, for argparse.

    >>> device_choice("2"), device_choice("gpu")
    ('2', 'gpu')
    """
    if text in (AUTO, CPU, GPU):
        return text
    try:
        return str(positive(text))
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(f"must be {AUTO}, {CPU}, {GPU} or a number of devices, not {text!r}") from None


def batch_choice(text: str) -> int | str:
    """Reads a batch size, for argparse.

    >>> batch_choice("8"), batch_choice("auto")
    (8, 'auto')
    """
    return text if text == AUTO else positive(text)


def address(text: str) -> str:
    """Reads an address with its port, for argparse.

    >>> address("10.0.0.1:45000")
    '10.0.0.1:45000'
    """
    if not _ADDRESS.fullmatch(text) or not 0 < int(text.rpartition(":")[2]) <= _LAST_PORT:
        raise argparse.ArgumentTypeError(f"must be ADDRESS:PORT of host 0, like 10.0.0.1:45000, not {text!r}")
    return text


def add_options(group: argparse._ArgumentGroup) -> None:
    """Adds the options to a group of the command line."""
    add = group.add_argument
    add(
        "--devices",
        type=device_choice,
        metavar="auto|N|cpu|gpu",
        help="devices of a training: as many GPUs as share the batch evenly, a number, the processor, or all GPUs "
        "(default: one, a GPU if there is one)",
    )
    add("--hosts", type=address, metavar="ADDRESS:PORT", help="for JAX: train on several hosts; where host 0 listens")
    add("--host-index", type=count, metavar="I", help="which host this is, from 0; host 0 writes and scores")
    add("--host-count", type=positive, metavar="N", help="how many hosts there are")
    add("--host-timeout", type=positive, default=300, metavar="SECONDS", help="wait so long for hosts (default: 300)")
    add("--tf32", choices=("on", "off"), help="round the factors of float32 products on GPUs to TF32, or not")
    add("--deterministic", action="store_true", help="the same bits every time on a GPU, more slowly")


def check(options: argparse.Namespace) -> None:
    """Refuses options about hosts that lack others, or have no use.

    Args:
        options: The parsed command line.

    Raises:
        RunError: In one line that says what to do.
    """
    index, number = options.host_index, options.host_count
    if options.hosts is None:
        if index is not None or number is not None:
            raise RunError(
                "--host-index and --host-count are for several hosts; give --hosts ADDRESS:PORT of host 0 too"
            )
        return
    if index is None or number is None:
        raise RunError("--hosts needs --host-index (this host, from 0) and --host-count (how many there are)")
    if number < 2 or index >= number:
        raise RunError(f"--host-index {index} of --host-count {number}: take 2 hosts or more, and count them from 0")
    if options.no_train:
        raise RunError("--hosts is for training; leave it out with --no-train, one host scores")
    if len(options.model) > 1 or len(options.dataset) > 1:
        raise RunError("--hosts is for one training; give one --model and one --dataset")
    if options.batch_size == AUTO:
        raise RunError("--batch-size auto tries one host's memory; give a number with --hosts")


def wanted(options: argparse.Namespace) -> Wanted:
    """What checked options ask of the machine."""
    return Wanted(
        devices=options.devices or "",
        address=options.hosts or "",
        host=options.host_index or 0,
        hosts=options.host_count or 1,
        patience=options.host_timeout,
        tf32=None if options.tf32 is None else options.tf32 == "on",
        deterministic=options.deterministic,
    )
