"""Numbers of things, as findings and views tell them."""

from __future__ import annotations


def count(n: int, noun: str, plural: str = "") -> str:
    """`1 state`, `1,832 states`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {plural or noun + 's'}"
