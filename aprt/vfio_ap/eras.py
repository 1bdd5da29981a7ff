"""The eras that the model follows, by name, the oldest first."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from aprt.core.scenario import Era
from aprt.vfio_ap.releases.eras import RELEASES
from aprt.vfio_ap.v4.era import V4

ERAS: Final[Mapping[str, Era]] = MappingProxyType({era.name: era for era in (V4, *RELEASES)})
