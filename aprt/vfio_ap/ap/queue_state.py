"""What a hardware queue is in the middle of: its requests, its interrupt, what was accepted and has not happened yet.

Two fields are no hardware: `user` says whose requests or keys the queue holds since the last finished ZAPQ, and
`zapq` what became of the last ZAPQ that the host issued (`silent`: it, or a later TAPQ, was answered 01, 03 or
04); properties P11, P12, P34 and P35 read them.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs

from aprt.vfio_ap.ap.response import Rc, Status
from aprt.vfio_ap.memory import PAGE

Zapq: TypeAlias = Literal["none", "accepted", "finished", "refused", "silent"]
HOST = "host"


@attrs.frozen
class Target:
    """Where an enabled queue notifies.

    guest: whose memory holds the NIB; `HOST` for a queue that the host uses itself. nib: guest address, bytes.
    gisa: the GISA's name; None: invalid designation, or no guest. gisc, nisc: guest and host subclass, 0..7.
    """

    guest: str
    nib: int
    gisa: str | None
    gisc: int
    nisc: int

    @property
    def page(self) -> int:
        return self.nib >> PAGE

    def __str__(self) -> str:
        where = HOST if self.guest == HOST else self.gisa or "no GISA"
        return f"{where} isc {self.gisc} nib {self.nib:#x}"


@attrs.frozen
class Change:
    """An interrupt change that was accepted and has not happened yet; None switches off."""

    to: Target | None


@attrs.frozen
class ApQueueState:
    cfg: Literal["on", "off", "absent"] = "on"
    chkstop: bool = False
    requests: int = 0
    replies: int = 0
    irq: Target | None = None
    pending_irq: Change | None = None
    pending_reset: Literal["RAPQ", "ZAPQ"] | None = None
    effect: Target | None = None  # the notification that is being written
    next_rc: Rc | None = None  # what the next instruction answers instead, out of the machine's own reasons
    user: str | None = None
    zapq: Zapq = "none"

    @property
    def works(self) -> bool:
        return self.cfg == "on" and not self.chkstop

    @property
    def status(self) -> Status:
        return Status(Rc.NORMAL, not (self.requests or self.replies), self.replies > 0, self.irq is not None)

    def targets(self) -> tuple[Target, ...]:
        """Every target that this queue may still notify."""
        aims = [self.irq, self.effect, self.pending_irq.to if self.pending_irq else None]
        return tuple(t for t in aims if t is not None)
