"""How hosts find each other before a framework connects them: with patience, and one line for whatever goes wrong.

JAX ends the process where a host does not come. So the first host opens its door by itself, hears who comes and what
they plan, and sends all of them in, or away with the reason.
"""

from __future__ import annotations

import json
import socket
import time
from typing import Any

from benchmarks.errors import RunError
from benchmarks.training.devices import Wanted

_BETWEEN_TRIES = 0.2
# Who says nothing at the door is none of ours; a plan is a few digits.
_GREETING_SECONDS = 5.0
_LONGEST = 4096


def meet(wanted: Wanted, plan: str) -> None:
    """Waits for all hosts; returns on each when all are there and plan the same.

    Args:
        wanted: Address of the first host, number of hosts, which one this is, and how long to wait.
        plan: What this host is going to compute, in a few digits.

    Raises:
        RunError: On every host that is there, when one is missing, plans otherwise or has the place of another.
    """
    end = time.monotonic() + wanted.patience
    host, _, port = wanted.address.rpartition(":")
    if wanted.host == 0:
        _receive(wanted, int(port), plan, end)
    else:
        _join(wanted, (host.strip("[]"), int(port)), plan, end)


def _receive(wanted: Wanted, port: int, plan: str, end: float) -> None:
    """Hears all other hosts at the first one's door."""
    guests: dict[int, socket.socket] = {}
    refusal = ""
    try:
        with _door(wanted, port) as door:
            while not refusal and len(guests) < wanted.hosts - 1:
                door.settimeout(max(0.01, end - time.monotonic()))
                try:
                    connection, _ = door.accept()
                except TimeoutError:
                    refusal = _missing(wanted, guests)
                    break
                refusal = _heard(connection, guests, wanted, plan)
        for connection in guests.values():
            _say(connection, {"refused": refusal})
    finally:
        for connection in guests.values():
            connection.close()
    if refusal:
        raise RunError(refusal)


def _door(wanted: Wanted, port: int) -> socket.socket:
    try:
        return socket.create_server(("", port))
    except OSError as error:
        raise RunError(
            f"--hosts {wanted.address}: cannot listen there ({error.strerror}); take another port on every host"
        ) from error


def _heard(connection: socket.socket, guests: dict[int, socket.socket], wanted: Wanted, plan: str) -> str:
    """Lets a host in; the reason where nobody can go on with it."""
    connection.settimeout(_GREETING_SECONDS)
    said = _listen(connection)
    index = said.get("host")
    if not isinstance(index, int):
        connection.close()
        return ""
    if not 0 < index < wanted.hosts or index in guests:
        _say(connection, {"refused": f"--host-index {index} is taken, or none of {wanted.hosts}; number hosts from 0"})
        connection.close()
        return ""
    guests[index] = connection
    if said.get("plan") == plan:
        return ""
    return f"host {index} plans another training than host 0; give all hosts the same command, data and weights"


def _missing(wanted: Wanted, guests: dict[int, socket.socket]) -> str:
    missing = [str(index) for index in range(1, wanted.hosts) if index not in guests]
    return (
        f"--hosts {wanted.address}: host {' and '.join(missing)} did not come within {wanted.patience} s; start the "
        "same command there with its own --host-index, or wait longer with --host-timeout"
    )


def _join(wanted: Wanted, address: tuple[str, int], plan: str, end: float) -> None:
    """Goes to the first host's door."""
    with _reached(wanted, address, end) as connection:
        # The first host may wait for others as long.
        connection.settimeout(wanted.patience + _GREETING_SECONDS)
        _say(connection, {"host": wanted.host, "plan": plan})
        answer = _listen(connection)
    refusal = answer.get("refused", f"--hosts {wanted.address}: host 0 went away; see what it says, and start all anew")
    if refusal:
        raise RunError(str(refusal))


def _reached(wanted: Wanted, address: tuple[str, int], end: float) -> socket.socket:
    """A connection to the first host, which may be started later."""
    while True:
        try:
            return socket.create_connection(address, timeout=max(0.1, end - time.monotonic()))
        except OSError as error:
            if time.monotonic() + _BETWEEN_TRIES > end:
                raise RunError(
                    f"--hosts {wanted.address}: no answer within {wanted.patience} s ({error.strerror or error}); "
                    "start host 0 there, and check address, port and firewall"
                ) from error
        time.sleep(_BETWEEN_TRIES)


def _say(connection: socket.socket, message: dict[str, Any]) -> None:
    try:
        connection.sendall(json.dumps(message).encode() + b"\n")
    except OSError:
        # Who went away hears nothing, and is missed by the framework.
        return


def _listen(connection: socket.socket) -> dict[str, Any]:
    """A message; nothing where there comes none that is one."""
    try:
        with connection.makefile("rb") as lines:
            found = json.loads(lines.readline(_LONGEST))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
