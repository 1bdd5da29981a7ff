"""The eras that the model follows, by name."""

from __future__ import annotations

from pyrsistent import PMap, pmap

from aprt.core.scenario import Era
from aprt.vfio_ap.releases.eras import RELEASES
from aprt.vfio_ap.v4.era import V4

ERAS: PMap[str, Era] = pmap({era.name: era for era in (V4, *RELEASES)})
