"""Sets of small numbers as integers, with a bit for each: joining two is an `or`, and asking is a shift."""

from __future__ import annotations


def members(bits: int) -> list[int]:
    """What is in a set, in order."""
    found = []
    while bits:
        first = bits & -bits
        found.append(first.bit_length() - 1)
        bits ^= first
    return found
