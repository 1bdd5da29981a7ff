"""Apqn: the pair of adapter and usage domain that names one queue."""

from __future__ import annotations

import re
from typing import Final, Literal, TypeAlias

import attrs

QueueDimension: TypeAlias = Literal["apm", "aqm"]  # adapters, usage domains
DIMENSIONS: Final[tuple[QueueDimension, ...]] = ("apm", "aqm")

HIGHEST = 255
_FORM = re.compile(r"([0-9a-f]{2})\.([0-9a-f]{4})", re.IGNORECASE | re.ASCII)


def _number(instance: object, field: attrs.Attribute[int], value: int) -> None:
    if not 0 <= value <= HIGHEST:
        raise ValueError(f"{field.name} {value} is not in 0..{HIGHEST}")


@attrs.frozen(order=True)
class Apqn:
    """One queue. Ordered adapter-major; prints as the kernel does: `05.0004`, hexadecimal."""

    apid: int = attrs.field(validator=_number)  # adapter, 0..255
    apqi: int = attrs.field(validator=_number)  # usage domain, 0..255

    @classmethod
    def parse(cls, text: str) -> Apqn:
        """The APQN that `text` (`05.0004`) names. Raises: ValueError, whose text is a reason for the user."""
        form = _FORM.fullmatch(text)
        if form is None:
            raise ValueError(f"{text!r} is no APQN such as 05.0004 (2 and 4 hexadecimal digits)")
        apid, apqi = (int(part, 16) for part in form.groups())
        if apqi > HIGHEST:
            raise ValueError(f"domain {apqi:04x} of {text} is above {HIGHEST:04x}")
        return cls(apid, apqi)

    def number(self, dimension: QueueDimension) -> int:
        """Its adapter or its domain."""
        return self.apid if dimension == "apm" else self.apqi

    def __str__(self) -> str:
        return f"{self.apid:02x}.{self.apqi:04x}"


@attrs.frozen
class QueuePointer:
    """A pointer to a vfio_ap_queue, as lists and callers keep one. generation: of the object that it was made for."""

    apqn: Apqn
    generation: int

    def __str__(self) -> str:
        return f"q {self.apqn} #{self.generation}"
