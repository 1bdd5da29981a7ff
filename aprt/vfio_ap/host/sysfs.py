"""Numbers as the kernel reads them from what is written to sysfs, in general and for the attributes of an mdev."""

from __future__ import annotations

import re
from typing import Final

from aprt.vfio_ap.ap.matrix import Dimension
from aprt.vfio_ap.ap.response import Errno
from aprt.vfio_ap.host.machine import Machine

_NUMBER: Final = re.compile(r"\+?(0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)\n?", re.IGNORECASE | re.ASCII)


def parse(text: str) -> int:
    """The number a store function reads: `0x10`, `020` or `16`. -EINVAL: not a number; -ERANGE: no long.

    Mirrors: include/linux/kstrtox.h: kstrtoul() with base 0. A `+` and one newline at the end are allowed,
    blanks are not.
    """
    form = _NUMBER.fullmatch(text)
    if form is None:
        return Errno.EINVAL.failure
    digits = form[1].lower()
    number = int(digits, 16 if digits.startswith("0x") else 8 if digits.startswith("0") else 10)
    return number if number < 2**64 else Errno.ERANGE.failure


def number_of(machine: Machine, dimension: Dimension, text: str) -> int:
    """The number in what was written: -EINVAL, -ERANGE, or -ENODEV for one above the machine's maximum."""
    number = parse(text)
    if number > (machine.bus.max_adapter if dimension == "apm" else machine.bus.max_domain):
        return Errno.ENODEV.failure
    return number
