"""H1-H16 as contrasts, for the rows of a matrix."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from aprt.core.contrast import Contrast
from aprt.vfio_ap.v4.ways import WAYS as ALL
from aprt.vfio_ap.v4.ways import Way


def _contrast(way: Way) -> Contrast:
    buggy = f"v4/{way.scenario.name}"
    return Contrast(buggy, "+".join((buggy, *way.cure)), way.breaks)


WAYS: Final[Mapping[str, Contrast]] = MappingProxyType({f"H{way.number}": _contrast(way) for way in ALL})
