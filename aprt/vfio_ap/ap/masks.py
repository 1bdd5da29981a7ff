"""256-bit masks as the AP bus prints them in sysfs: `0x` and 64 hexadecimal digits, bit 0 leftmost.

A mask is a set of numbers: bit *n* counted from the left stands for adapter or domain *n*.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

BITS = 256
ALL = frozenset(range(BITS))
_FORM = re.compile(r"0x[0-9a-f]{64}", re.IGNORECASE | re.ASCII)


def parse_mask(text: str) -> frozenset[int]:
    """The numbers whose bits are set. Raises: ValueError, whose text is a reason for the user."""
    if _FORM.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not a mask: 0x and {BITS // 4} hexadecimal digits, bit 0 leftmost")
    bits = int(text, 16)
    return frozenset(n for n in ALL if bits & _bit(n))


def format_mask(numbers: Iterable[int]) -> str:
    """The mask with the bits of `numbers` set. Raises: ValueError for a number outside 0..255."""
    wanted = frozenset(numbers)
    if not wanted <= ALL:
        raise ValueError(f"{sorted(wanted - ALL)} are not in 0..{BITS - 1}")
    return f"0x{sum(_bit(n) for n in wanted):064x}"


def _bit(number: int) -> int:
    return 1 << (BITS - 1 - number)
