"""PQAP(AQIC) as a guest issues it, and what it is answered."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import attrs

from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.response import Rc

NO_HOOK: Final = "EOPNOTSUPP"
"""Nobody in the kernel handles the instruction; it goes to QEMU."""

Answer: TypeAlias = Rc | Literal["EOPNOTSUPP"]


@attrs.frozen
class Aqic:
    """A guest's PQAP(AQIC). ir: on or off. isc: guest subclass 0..7. nib: guest address, bytes (GR2).

    aiv: the vCPU that issues it runs with the GISA of its VM (ECA.AIV).
    """

    apqn: Apqn
    ir: bool = True
    isc: int = 3
    nib: int = 0x3F00
    aiv: bool = True

    def __str__(self) -> str:
        return f"PQAP(AQIC) {self.apqn} " + (f"on isc {self.isc} nib {self.nib:#x}" if self.ir else "off")
