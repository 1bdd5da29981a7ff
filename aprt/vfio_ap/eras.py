"""The eras that the model follows, by name."""

from __future__ import annotations

from pyrsistent import PMap, pmap

from aprt.core.scenario import Era
from aprt.vfio_ap.v4.era import V4

ERAS: PMap[str, Era] = pmap({V4.name: V4})
