"""Answers that come of secure binding, which the driver has known since 6.6 (B15)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from aprt.core.system import Context
from aprt.vfio_ap.ap.response import Rc
from aprt.vfio_ap.host.hardware import disturb
from aprt.vfio_ap.mainline.machine import Machine

BINDINGS: Mapping[str, Rc | None] = MappingProxyType(
    {"none": None, "state_change": Rc.STATE_CHANGE_IN_PROGRESS, "failed_association": Rc.ASSOC_SECRET_NOT_UNIQUE}
)
"""Values of the parameter `binding`, and the code that a queue has for somebody then."""


def disturbances(machine: Machine) -> list[Context]:
    """A context for each queue that may get such a code, at any step."""
    rc = BINDINGS[machine.variant("binding")]
    if rc is None:
        return []
    return [Context(f"binding {apqn}", partial(disturb, queue, rc)) for apqn, queue in sorted(machine.queues.items())]
