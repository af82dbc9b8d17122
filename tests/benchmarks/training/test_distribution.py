"""Several devices and hosts compute what one device computes, and go on where another number of them stopped."""

import socket
from pathlib import Path

import numpy as np
import pytest

from tests.support.backends import run_on, started_on

PROGRAM = Path(__file__).with_name("devices_program.py")
BACKENDS = ("tensorflow", "jax")
# What rounding makes of 50 steps; losses that add up are as large as a batch has numbers.
NEAR = {"rtol": 1e-5, "atol": 1e-5}

pytestmark = [pytest.mark.backends, pytest.mark.slow]


def stored(path):
    with np.load(path) as found:
        return dict(found)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """What the program found on a backend, run once for each."""
    known = {}

    def of(backend):
        if backend not in known:
            path = tmp_path_factory.mktemp("devices") / f"{backend}.npz"
            run_on(backend, PROGRAM, path, devices=2)
            known[backend] = stored(path)
        return known[backend]

    return of


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    """What each of two hosts found."""
    folder = tmp_path_factory.mktemp("hosts")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    started = [started_on("jax", PROGRAM, folder / f"{host}.npz", port, str(host)) for host in range(2)]
    for each in started:
        _, errors = each.communicate(timeout=300)
        assert each.returncode == 0, errors[-3000:]
    return [stored(folder / f"{host}.npz") for host in range(2)]


@pytest.mark.parametrize("backend", BACKENDS)
class TestTwoDevices:
    @pytest.mark.parametrize("recipe", ["plain", "normed", "staged"])
    def test_losses_and_weights_are_those_of_one(self, trained, backend, recipe):
        found = trained(backend)
        assert len(found[f"{recipe} 1 losses"]) == 50
        for what in ("losses", "weights", "best"):
            np.testing.assert_allclose(found[f"{recipe} 2 {what}"], found[f"{recipe} 1 {what}"], **NEAR)

    @pytest.mark.parametrize("change", ["1 to 2", "2 to 1"])
    def test_a_resume_on_another_number(self, trained, backend, change):
        found = trained(backend)
        np.testing.assert_allclose(found[f"resumed {change} weights"], found["plain 1 weights"], **NEAR)
        assert len(found[f"resumed {change} losses"]) == 50 - 23

    @pytest.mark.parametrize("recipe", ["plain", "staged"])
    def test_parts_of_a_batch_make_the_same_steps(self, trained, backend, recipe):
        found = trained(backend)
        for what in ("losses", "best"):
            np.testing.assert_allclose(found[f"{recipe} in parts {what}"], found[f"{recipe} 1 {what}"], **NEAR)

    def test_what_is_not_there(self, trained, backend):
        more, odd = trained(backend)["refused"]
        name = {"tensorflow": "TensorFlow", "jax": "JAX"}[backend]
        assert more == f"--devices 3: {name} sees 2 (cpu) here; take at most as many"
        assert odd.startswith("the batch of 3 of toy does not divide over 2 devices")


def test_parts_on_two_devices_of_jax(trained):
    found = trained("jax")
    for what in ("losses", "best"):
        np.testing.assert_allclose(found[f"plain 2 in parts {what}"], found[f"plain 1 {what}"], **NEAR)


class TestTwoHosts:
    @pytest.mark.parametrize("recipe", ["plain", "normed"])
    def test_losses_and_weights_are_those_of_one_device(self, trained, hosts, recipe):
        alone = trained("jax")
        for host in hosts:
            np.testing.assert_allclose(host[f"{recipe} losses"], alone[f"{recipe} 1 losses"], **NEAR)
        np.testing.assert_allclose(hosts[0][f"{recipe} weights"], alone[f"{recipe} 1 weights"], **NEAR)

    def test_they_go_on_from_what_the_first_one_has(self, trained, hosts):
        np.testing.assert_allclose(hosts[0]["resumed weights"], trained("jax")["plain 1 weights"], **NEAR)

    def test_together_they_see_every_batch_as_one_does(self, hosts):
        halves = [host["images"] for host in hosts]
        assert halves[0].shape[1] == 2 and not np.array_equal(*halves)
