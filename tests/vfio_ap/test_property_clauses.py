"""Clauses of properties that no scenario breaks by itself: a step, or a state to begin with, that breaks just this one.

Each row begins with a guest that has everything open, changes some states, sends some messages, one after the other,
and says in which words the property fails. Nothing changed and nothing sent, every property holds.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from pyrsistent import pmap, pset

from aprt.core.effects import Call
from aprt.core.system import Context
from aprt.explore.explore import explore
from aprt.vfio_ap.ap.ap_bus import ApBusState, Driver
from aprt.vfio_ap.ap.apqn import QueuePointer
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.ap.module import ModuleState
from aprt.vfio_ap.ap.queue_state import HOST, ApQueueState, Target
from aprt.vfio_ap.host.build import GuestPlan
from aprt.vfio_ap.kvm.crycb import CrycbState
from aprt.vfio_ap.kvm.gisa_int import GisaIntState
from aprt.vfio_ap.memory import MemoryState
from aprt.vfio_ap.process import ProcessState
from aprt.vfio_ap.series.vfio_ap_queue import Saved, VfioApQueueState
from aprt.vfio_ap.v4.situation import Situation
from tests.vfio_ap.machines import A, settings

MATRIX, SAVED = Matrix.of([5], [4]), Saved("vm0", 3, 0x3F00)
TARGET = Target("vm0", 0x3F00, "vm0.gisa", 3, 5)


def situation() -> Situation:
    """One guest with everything open that does nothing, and an mdev and a VM that nobody has opened."""
    plans = (GuestPlan("vm0", "mdev0", MATRIX), GuestPlan("vm1", "mdev1", Matrix(), attached=False))
    return Situation(settings("all-measures"), plans, (A,), running=False)


# the same names for every row; what a row sends goes to actors of the same names in a situation of its own
MACHINE = situation().machine
GUEST, QUEUE = MACHINE.guests[0], MACHINE.queues[A]
MDEV, VCPU, INTERRUPT, HW = GUEST.mdev, GUEST.vcpus[0], GUEST.gisa.interrupt, QUEUE.hw
USED = {HW.name: ApQueueState(user="vm0")}
RESET = {HW.name: ApQueueState(zapq="finished")}
OWNED = {
    QUEUE.object.name: VfioApQueueState(True, 1, SAVED, None),
    GUEST.memory.name: MemoryState(pset([3, 4]), pmap({3: 1})),
    INTERRUPT.name: GisaIntState("vm0.gisa", 0x10, (0, 0, 0, 1, 0, 0, 0, 0)),
}
ZCRYPT: Driver = "zcrypt"
TO_HOST = ApBusState(MATRIX, MATRIX, Matrix(), pmap({A: ZCRYPT}))

CLEAR, UNHOOK = GUEST.crycb.set_masks(Matrix()), GUEST.vm.set_hook(None)

Row = tuple[str, dict[str, Any], tuple[Call[Any], ...], str]
ROWS: list[Row] = [
    (
        "P1",
        {},
        (INTERRUPT.designation(), INTERRUPT.begin_destroy()),
        "an irq_enable for vm0 is under way when gisa_destroy begins",
    ),
    (
        "P4",
        {GUEST.process.name: ProcessState()},
        (),
        "every file is closed and vm0 is still alive (4 references)",
    ),
    ("P4", {}, (GUEST.vm.get(),), "vm0 has 5 references and 4 holders"),
    ("P4", {}, (MDEV.free(),), "vm0 has 4 references and 3 holders"),
    ("P7", {MACHINE.module.name: ModuleState(refs=2)}, (), "the module has 2 references for 1 open mdev"),
    ("P7", OWNED, (), "05.0004 has no VM and still has vm0 isc 3 nib 0x3f00 on record"),
    ("P11", USED, (MDEV.set_kvm(None),), "mdev0 lets vm0 go while 05.0004 holds something of it"),
    (
        "P11",
        USED,
        (MACHINE.bus.set_driver(A, "zcrypt"),),
        "05.0004 is given to the host while it holds something of vm0",
    ),
    ("P13", {}, (MDEV.unlink(A),), "05.0004 is in 0 buckets"),
    ("P13", {}, (MACHINE.matrix_dev.give(QueuePointer(A, 1)),), "05.0004 is in 2 buckets"),
    ("P14", {}, (MACHINE.matrix_dev.give(QueuePointer(A, 7)),), "the free list has 05.0004, which was freed"),
    ("P14", {}, (MACHINE.matrix_dev.add_mdev("mdev0"),), "the list of mdevs has one twice"),
    ("P14", {}, (MDEV.free(),), "the list of mdevs has mdev0, which was freed"),
    ("P16", {}, (MACHINE.mdev("mdev1").set_kvm("vm0"),), "mdev0 and mdev1 both have vm0"),
    ("P17", {MACHINE.bus.name: TO_HOST}, (), "vm0 reaches 05.0004, which is not bound to vfio_ap"),
    ("P24", {}, (VCPU.answer(True, 3, 0x3F00, 7, 0),), "response code 7 comes with condition code 0"),
    (
        "P24",
        {},
        (HW.aqic(TARGET), VCPU.answer(True, 3, 0x3F00, 7, 3)),
        "the guest is told 7 although the queue accepted vm0.gisa isc 3 nib 0x3f00",
    ),
    ("P34", RESET, (UNHOOK, MDEV.end_detach()), "mdev0 is detached and vm0 can still reach apm={5} aqm={4}"),
    (
        "P34",
        RESET | {GUEST.crycb.name: CrycbState()},
        (MDEV.end_detach(),),
        "mdev0 is detached and vm0 still has its hook",
    ),
    ("P35", {}, (MDEV.claim(), CLEAR), "the APCB is cleared before the hook is removed"),
    ("P35", {}, (MDEV.claim(), UNHOOK, HW.reset("ZAPQ", HOST)), "hw 05.0004 is reset before the APCB is cleared"),
    (
        "P35",
        {},
        (MDEV.claim(), UNHOOK, GUEST.vm.put()),
        "the VM reference is dropped before the VM pointer is cleared",
    ),
    (
        "P35",
        OWNED,
        (MDEV.claim(), UNHOOK, CLEAR, MDEV.end_detach(), QUEUE.object.forget(1, True, True)),
        "q 05.0004 is forgotten after the VM pointer is cleared",
    ),
]


async def send(calls: tuple[Call[Any], ...]) -> None:
    for call in calls:
        await call


def told(id: str, states: dict[str, Any], calls: tuple[Call[Any], ...]) -> list[str]:
    """What the property says of that."""
    s = situation()
    s.states |= states
    model = s.model(Context("me", partial(send, calls)), scope="one step after the other")
    found = explore(model.system, model.select((id,)))
    assert found.stopped is None or found.findings
    return [finding.text for finding in found.findings]


@pytest.mark.parametrize(("id", "states", "calls", "text"), ROWS, ids=[f"{row[0]}-{row[3]}" for row in ROWS])
def test_a_clause_is_broken_by_what_it_is_about(
    id: str, states: dict[str, Any], calls: tuple[Call[Any], ...], text: str
) -> None:
    assert told(id, states, calls) == [text]


@pytest.mark.parametrize("id", sorted({row[0] for row in ROWS}))
def test_where_nothing_is_changed_or_sent_it_holds(id: str) -> None:
    assert told(id, {}, ()) == []
