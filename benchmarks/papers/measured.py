"""What was measured for a claim."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """A number of ours.

    Attributes:
        value: The number, or words where the claim is words.
        low, high: 95 % interval; None for facts that need no data.
        data: `full`, `subset n/N` or `sample`; empty for facts that need none.
        protocol: How it was scored; empty for facts.
        budget: What was trained how long, or where a fact comes from.
        comparable: Whether it was scored as the paper did, so that the difference means something.
        record: The run record; empty for facts.
    """

    value: float | str
    low: float | None = None
    high: float | None = None
    data: str = ""
    protocol: str = ""
    budget: str = ""
    comparable: bool = True
    record: str = ""
