"""Response codes and the status word of the AP instructions.

Mirrors: arch/s390/include/asm/ap.h: struct ap_queue_status, AP_RESPONSE_*. Left out: the bits F (queue full) and
async; most codes of secure binding (of 09, 0a, 30 to 36 there are 0a, 35 and 36) and those of faulty requests (11, 13,
15, 16, 42). 0b stands for a code that nobody expects.
"""

from __future__ import annotations

import enum

import attrs


class Rc(enum.IntEnum):
    """The response code, bits 8-15 of the status word."""

    NORMAL = 0x00
    Q_NOT_AVAIL = 0x01
    RESET_IN_PROGRESS = 0x02
    DECONFIGURED = 0x03
    CHECKSTOPPED = 0x04
    BUSY = 0x05
    INVALID_ADDRESS = 0x06  # of the notification byte
    OTHERWISE_CHANGED = 0x07  # AQIC: the interrupt is on, or off, already
    INVALID_GISA = 0x08
    STATE_CHANGE_IN_PROGRESS = 0x0A
    Q_NOT_BOUND = 0x0B
    Q_FULL = 0x10  # NQAP; for DQAP the same number means that no reply is waiting
    ASSOC_SECRET_NOT_UNIQUE = 0x35
    ASSOC_FAILED = 0x36

    def __str__(self) -> str:
        return f"{self.value:02x}"


NO_REPLY = Rc.Q_FULL

SILENT = frozenset({Rc.Q_NOT_AVAIL, Rc.DECONFIGURED, Rc.CHECKSTOPPED})
"""Answers of a queue that delivers nothing, if the assumption `off_is_silent` is right."""

TYPED = frozenset({Rc.NORMAL, Rc.RESET_IN_PROGRESS, Rc.DECONFIGURED, Rc.CHECKSTOPPED, Rc.BUSY})
"""Answers of TAPQ that come with the type of the adapter."""

TRANSIENT = frozenset({Rc.RESET_IN_PROGRESS, Rc.BUSY})
"""Answers that another try may change without anybody's doing."""

OFF = frozenset({Rc.NORMAL, Rc.OTHERWISE_CHANGED})
"""Answers of AQIC(disable) after which the interrupt is off, or soon will be."""


@attrs.frozen
class Status:
    """The queue status word as an instruction returns it in GR1."""

    rc: Rc
    empty: bool = True
    replies: bool = False
    irq_enabled: bool = False

    def __str__(self) -> str:
        bits = "".join(c for c, on in zip("ERI", (self.empty, self.replies, self.irq_enabled), strict=True) if on)
        return f"{self.rc} {bits or '-'}"


class Errno(enum.IntEnum):
    """The error numbers that the driver answers with; an operation returns 0 or one of these, negated."""

    EPERM = 1
    EIO = 5
    ENOMEM = 12
    EBUSY = 16
    EEXIST = 17
    ENODEV = 19
    EINVAL = 22
    ERANGE = 34
    EUSERS = 87
    EADDRINUSE = 98
    EADDRNOTAVAIL = 99

    @property
    def failure(self) -> int:
        return -self.value
