"""How hosts meet before JAX connects them: all come, or everybody is told in one line what is wrong."""

import socket
import threading

import pytest

from benchmarks.errors import RunError
from benchmarks.training.devices import Wanted
from benchmarks.training.meeting import meet


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def outcomes(port, plans, patience=20, indices=None, count=None):
    """What each host is told, empty where all went well, in the order of the plans."""
    found = [None] * len(plans)

    def come(place, index, plan):
        wanted = Wanted(address=f"127.0.0.1:{port}", host=index, hosts=count or len(plans), patience=patience)
        try:
            meet(wanted, plan)
            found[place] = ""
        except RunError as error:
            found[place] = str(error)

    threads = [
        threading.Thread(target=come, args=(place, index, plan))
        for place, (index, plan) in enumerate(zip(indices or range(len(plans)), plans, strict=True))
    ]
    for each in reversed(threads):
        # The first host comes last.
        each.start()
    for each in threads:
        each.join()
    return found


def test_three_hosts_meet(port):
    assert outcomes(port, ["a", "a", "a"]) == ["", "", ""]


def test_who_plans_something_else_is_told_to_all(port):
    told = outcomes(port, ["a", "b"])
    assert told == ["host 1 plans another training than host 0; give all hosts the same command, data and weights"] * 2


def test_a_host_that_does_not_come(port):
    first, third = outcomes(port, ["a", "a"], patience=1, indices=[0, 2], count=3)
    assert first == third
    assert first.startswith(f"--hosts 127.0.0.1:{port}: host 1 did not come within 1 s; start the same command there")


def test_two_of_one_index(port):
    _, second, third = outcomes(port, ["a", "a", "a"], patience=2, indices=[0, 1, 1], count=3)
    assert "--host-index 1 is taken" in second + third


def test_an_address_that_does_not_answer(port):
    (told,) = outcomes(port, ["a"], patience=1, indices=[1], count=2)
    assert told.startswith(f"--hosts 127.0.0.1:{port}: no answer within 1 s (Connection refused); start host 0 there")


def test_a_port_in_use(port):
    with socket.create_server(("", port)):
        (told,) = outcomes(port, ["a"], patience=1, count=2)
    assert told.startswith(f"--hosts 127.0.0.1:{port}: cannot listen there (Address already in use")


def test_a_stranger_at_the_door_is_sent_away(port):
    told = []
    wanted = Wanted(address=f"127.0.0.1:{port}", host=0, hosts=2, patience=20)
    first = threading.Thread(target=lambda: told.append(meet(wanted, "a")))
    first.start()
    for _ in range(100):
        try:
            stranger = socket.create_connection(("127.0.0.1", port), timeout=5)
            break
        except OSError:
            threading.Event().wait(0.05)
    with stranger:
        stranger.sendall(b"GET / HTTP/1.0\n")
        assert stranger.recv(10) == b""
    meet(Wanted(address=f"127.0.0.1:{port}", host=1, hosts=2, patience=20), "a")
    first.join()
    assert told == [None]
