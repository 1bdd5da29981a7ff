"""The eras of the releases: name, title, and the scenarios that make sense in them."""

from __future__ import annotations

from pyrsistent import pmap

from aprt.core.scenario import Era
from aprt.vfio_ap.host.delivery import deliveries
from aprt.vfio_ap.releases.assigning import ASSIGNING
from aprt.vfio_ap.releases.attaching import ATTACHING
from aprt.vfio_ap.releases.bus import BUS
from aprt.vfio_ap.releases.handlers import HANDLERS
from aprt.vfio_ap.releases.host_config import HOST_CONFIG
from aprt.vfio_ap.releases.host_queue import HOST_QUEUES
from aprt.vfio_ap.releases.host_resets import HOST_RESETS
from aprt.vfio_ap.releases.life import LIFE_CYCLES
from aprt.vfio_ap.releases.refused import REFUSED
from aprt.vfio_ap.releases.situation import Situation
from aprt.vfio_ap.releases.switches import switches

_TITLES = (
    ("6.0", "dynamic configuration: guests_lock, mdevs_lock, shadow APCB, hot plug and unplug"),
    ("6.2", "DMA unmap disables the interrupts of the queues concerned"),
    ("6.3", "resets end when TAPQ says so; the vfio core keeps a VM reference"),
    ("6.6", "a work item waits for the end of each reset, without limit"),
    ("6.8", "the whole matrix is filtered, what a guest loses is reset"),
    ("6.12", "as 6.8"),
    ("6.16", "6.8 with the event that tells user space of configuration changes"),
    ("2026", "6.12.117, with the ten fixes of August to October 2026"),
)


def _era(name: str, title: str) -> Era:
    scenarios = (
        *LIFE_CYCLES,
        *HANDLERS,
        *HOST_RESETS,
        *ASSIGNING,
        *REFUSED,
        *HOST_CONFIG,
        *ATTACHING,
        *BUS,
        *deliveries(Situation),
        *HOST_QUEUES,
    )
    return Era(name=name, title=title, switches=switches(name), scenarios=pmap({s.name: s for s in scenarios}))


RELEASES = tuple(_era(name, title) for name, title in _TITLES)
