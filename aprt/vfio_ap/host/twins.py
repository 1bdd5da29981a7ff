"""Two of a kind, for any driver: two guests, two queues of a guest, or two cards, each with somebody who uses it.

Nothing in them comes first, so that a search with symmetry has half the work (`host.alike`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from aprt.core.scenario import Model, Scenario, Settings
from aprt.core.system import Context
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.host.alike import Kind, Part
from aprt.vfio_ap.host.build import GuestPlan
from aprt.vfio_ap.host.bus_scan import card_off_and_on
from aprt.vfio_ap.host.plot import Plot
from aprt.vfio_ap.host.situation import QUEUES, Situation
from aprt.vfio_ap.host.userspace import vcpu_file

ANSWERED = ("P5", "P6", "P7", "P8", "P9", "P24")
CARDS = (Apqn(5, 4), Apqn(6, 4))


def two_guests(kind: type[Situation], settings: Settings) -> Model:
    s = _two_guests(kind, settings)
    return s.model(scope="two guests, each with a queue of its own; nothing is closed")


def two_queues(kind: type[Situation], settings: Settings) -> Model:
    s = _vcpu_each(kind, settings, QUEUES)
    return s.model(
        scope="two vCPUs, each with a queue of its own; nothing is closed", together=(_each_with_its_vcpu(s),)
    )


def two_cards(kind: type[Situation], settings: Settings) -> Model:
    s = _vcpu_each(kind, settings, CARDS)
    return s.model(
        *(Context(_operator(queue), partial(card_off_and_on, s.machine, queue.apid)) for queue in CARDS),
        scope="two vCPUs, each with a card of its own, which is configured off and on again at any step",
        together=(_each_with_its_vcpu(s),),
    )


def _two_guests(kind: type[Situation], settings: Settings) -> Situation:
    """Each has a queue, for which its vCPUs run the program."""
    vcpus = int(settings["vcpus"])
    plans = (GuestPlan(f"vm{i}", f"mdev{i}", Matrix.of([q.apid], [q.apqi]), vcpus) for i, q in enumerate(QUEUES))
    s = kind(settings, tuple(plans), QUEUES, running=False)
    for guest, queue in zip(s.machine.guests, QUEUES, strict=True):
        for vcpu in guest.vcpus:
            s.run_vcpu(guest, vcpu, queue)
    return s


def _vcpu_each(kind: type[Situation], settings: Settings, queues: Sequence[Apqn]) -> Situation:
    """A guest with these queues, and a vCPU for each that runs the program."""
    matrix = Matrix.of((queue.apid for queue in queues), (queue.apqi for queue in queues))
    s = kind(settings, (GuestPlan("vm0", "mdev0", matrix, len(queues)),), tuple(queues), running=False)
    (guest,) = s.machine.guests
    for vcpu, queue in zip(guest.vcpus, queues, strict=True):
        s.run_vcpu(guest, vcpu, queue)
    return s


def _each_with_its_vcpu(s: Situation) -> Kind:
    """Each queue, the vCPU that uses it, and who is at its card if the cards are two, too."""
    (guest,) = s.machine.guests
    pairs = zip(sorted(s.machine.queues), guest.vcpus, strict=True)
    cards = len({queue.apid for queue in s.machine.queues}) > 1
    return tuple(
        Part((str(q), vcpu.name, *([_operator(q)] if cards else [])), (q, vcpu_file(vcpu))) for q, vcpu in pairs
    )


def _operator(queue: Apqn) -> str:
    return f"operator {queue.apid:02x}"


_PLOTS: Final = (
    Plot(
        "two-guests",
        "two guests enable the interrupts of their queues",
        "Each has an mdev with one queue of its own; the driver's locks, the GIB and the\n"
        "bus are all that they share. What one does must not be put on the other's record.",
        two_guests,
        ANSWERED,
    ),
    Plot(
        "two-queues",
        "two vCPUs enable the interrupts of a queue each",
        "Both queues are of one mdev and have the same ISC, so that they share what the\n"
        "GISA has registered for it, and a page for their notification bytes.",
        two_queues,
        ANSWERED,
    ),
    Plot(
        "two-cards",
        "two cards go off and on while their queues are used",
        "A vCPU enables the interrupt of a queue of each card; each card is configured off\n"
        "and on again at any step, so that an AQIC may be answered 03.",
        two_cards,
        ANSWERED,
    ),
)


def twins(kind: type[Situation]) -> tuple[Scenario, ...]:
    """All of this file, for one driver."""
    return tuple(plot.scenario(kind) for plot in _PLOTS)
