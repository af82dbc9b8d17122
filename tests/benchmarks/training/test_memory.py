"""Memory that is short: one line with what to take instead, and the batch that fits."""

import pytest

from benchmarks.errors import RunError
from benchmarks.training import memory
from benchmarks.training.devices import ALONE, Devices
from tests.support.fakes import TOY_RECIPE

RECIPE = TOY_RECIPE.replaced(batch=24)
TWO = Devices(("a", "b"))


class XlaRuntimeError(RuntimeError):
    """As JAX calls its own."""


class OutOfMemoryError(RuntimeError):
    """As PyTorch calls its own."""


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        XlaRuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 8 bytes"),
        OutOfMemoryError("CUDA out of memory. Tried to allocate 8 GiB"),
        RuntimeError("Graph execution error:\n\nOOM when allocating tensor with shape[4,64,720,1280]"),
    ],
    ids=["machine", "JAX", "PyTorch", "TensorFlow"],
)
def test_every_framework_is_understood(error):
    with pytest.raises(RunError) as found, memory.memory_errors(RECIPE, ALONE):
        raise error
    assert str(found.value) == (
        "out of memory with batches of 24; take --batch-size 12 or --accumulate 2, which keeps the batch or a smaller "
        "--crop than 12"
    )


def test_another_error_stays_what_it_is():
    with pytest.raises(ValueError, match="memories"), memory.memory_errors(RECIPE, ALONE):
        raise ValueError("memories")


def test_smaller_batches_divide_over_the_devices():
    with pytest.raises(RunError, match="take --batch-size 2 or"), memory.memory_errors(RECIPE.replaced(batch=6), TWO):
        raise MemoryError


def test_a_batch_is_halved_until_it_fits():
    tried = []

    def fits(recipe):
        tried.append(recipe.data.batch)
        return recipe.data.batch <= 5

    assert memory.fitting(RECIPE, ALONE, fits).data.batch == 3
    assert tried == [24, 12, 6, 3]
    assert memory.fitting(RECIPE, TWO, fits).data.batch == 2


def test_nothing_fits():
    with pytest.raises(
        RunError, match=r"^out of memory with batches of 2, the smallest for toy/image; take a smaller "
    ):
        memory.fitting(RECIPE, TWO, lambda recipe: False)


@pytest.mark.usefixtures("toy")
class TestAStep:
    def test_that_fits(self):
        assert memory.step_fits(RECIPE.replaced(accumulate=2), False, ALONE)

    def test_that_does_not(self, monkeypatch):
        def short(*given, **named):
            raise XlaRuntimeError("RESOURCE_EXHAUSTED: Out of memory")

        monkeypatch.setattr(memory, "task_of", short)
        assert not memory.step_fits(RECIPE, False, ALONE)
