"""Registrations, the timer and the end of a GISA."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from aprt.core.actor import BLOCK
from aprt.core.caller import Caller
from aprt.core.effects import Call
from aprt.core.notes import Broken, Gave, Hold, Oops, Owes, Took
from aprt.kernel.spinlock import Spinlock
from aprt.vfio_ap.host.kvm_destroy import gisa_destroy
from aprt.vfio_ap.kvm.gib import GAL_ISC, GibState
from aprt.vfio_ap.kvm.gisa import NULL, GisaState
from aprt.vfio_ap.kvm.gisa_int import GisaInt, GisaIntState, get_ipm_or_restore_iam
from aprt.vfio_ap.kvm.gisa_switches import V4, GisaRules
from aprt.vfio_ap.kvm.gisc import gisc_register, gisc_unregister
from tests.vfio_ap.gisa_systems import Host, alone, host

LOCK = Spinlock("lock")
GI = GisaInt("gi", "vm0", LOCK)
NEW = GisaIntState("vm0.gisa")
HOLDS = Caller("x", (Hold("lock", atomic=True),))
ENODEV, EINVAL, ERANGE = -19, -22, -34


def counts(**users: int) -> tuple[int, ...]:
    """Reference counts: counts(isc3=2)."""
    return tuple(users.get(f"isc{isc}", 0) for isc in range(8))


def answer(call: Call[Any], state: GisaIntState, by: Caller = HOLDS) -> Any:
    return call.actor.handle(state, call, by)


ONE = attrs.evolve(NEW, alert_mask=0x10, ref_count=counts(isc3=1))
TWO = attrs.evolve(NEW, alert_mask=0x10, ref_count=counts(isc3=2))
BOTH = attrs.evolve(NEW, alert_mask=0x14, ref_count=counts(isc3=1, isc5=1))
MORE, LESS = Owes(("gisc", "vm0", 3), 1), Owes(("gisc", "vm0", 3), -1)


@pytest.mark.parametrize(
    ("call", "before", "expected"),
    [
        (GI.register(3), NEW, (ONE, 0x10, (MORE,))),
        (GI.register(3), ONE, (TWO, None, (MORE,))),
        (GI.register(5), ONE, (BOTH, 0x14, (Owes(("gisc", "vm0", 5), 1),))),
        (GI.unregister(3), NEW, (NEW, (EINVAL, None), ())),
        (GI.unregister(3), TWO, (ONE, (0, None), (LESS,))),
        (GI.unregister(3), ONE, (NEW, (0, 0), (LESS,))),
        (GI.wanted(0x10), ONE, (ONE, 0x10, ())),
        (GI.wanted(0x04), ONE, (ONE, 0x10, (Owes(("restore", "vm0.gisa"), 1),))),
        (GI.drop_alert_mask(), ONE, (attrs.evolve(ONE, alert_mask=0), None, ())),
        (GI.designation(), ONE, (ONE, "vm0.gisa", (Owes(("irq_enable", "vm0"), 1),))),
        (GI.begin_destroy(), ONE, (attrs.evolve(ONE, destroying=True), "vm0.gisa", ())),
        (GI.end_destroy(), attrs.evolve(ONE, destroying=True), (attrs.evolve(ONE, origin=None), None, ())),
    ],
)
def test_the_record_of_a_vm_changes_in_one_step(call: Call[Any], before: GisaIntState, expected: Any) -> None:
    assert answer(call, before) == expected


def test_registrations_are_guarded_by_ref_lock_and_the_mask_may_be_read_without() -> None:
    found = Broken("P22", "x does gi.register without holding lock")
    assert answer(GI.register(3), NEW, Caller("x")) == (ONE, 0x10, (MORE, found))
    assert answer(GI.wanted(0x10), ONE, Caller("x")) == (ONE, 0x10, ())


TOOK = Took(Hold("gi.timer", atomic=True, lock_class="gisa_timer", runs="hardirq"))
GAVE = Gave("gi.timer")
ARMED, RUNNING = attrs.evolve(NEW, timer="armed"), attrs.evolve(NEW, timer="running")
STARTED = (Owes(("restore", "vm0.gisa"), -1),)


@pytest.mark.parametrize(
    ("call", "before", "expected"),
    [
        (GI.restart_timer(), NEW, (ARMED, None, STARTED)),
        (GI.restart_timer(), ARMED, (ARMED, None, STARTED)),
        (GI.restart_timer(), RUNNING, BLOCK),
        (GI.cancel_timer(), ARMED, (NEW, None, ())),
        (GI.cancel_timer(), RUNNING, BLOCK),
        (GI.fire(), NEW, BLOCK),
        (GI.fire(), ARMED, (RUNNING, None, (TOOK,))),
        (GI.finish(), RUNNING, (NEW, None, (GAVE,))),
        (GI.rearm(), RUNNING, (ARMED, None, (GAVE,))),
    ],
)
def test_the_timer_is_not_cancelled_while_its_callback_runs(
    call: Call[Any], before: GisaIntState, expected: Any
) -> None:
    assert answer(call, before) == expected


def test_idle_and_kicked_vcpus_are_kept_by_name() -> None:
    idle = attrs.evolve(NEW, idle=("v0", "v1"))
    kicked = attrs.evolve(NEW, kicked=("v1",))
    assert answer(GI.set_idle("v0"), attrs.evolve(NEW, idle=("v1",))) == (idle, None, ())
    assert answer(GI.clear_idle("v0"), idle) == (attrs.evolve(NEW, idle=("v1",)), None, ())
    assert answer(GI.read_idle(), idle) == (idle, ("v0", "v1"), ())
    assert answer(GI.test_and_set_kicked("v1"), NEW) == (kicked, False, (Owes(("kick", "v1"), 1),))
    assert answer(GI.test_and_set_kicked("v1"), kicked) == (kicked, True, ())
    assert answer(GI.clear_kicked("v1"), kicked) == (NEW, None, ())


def test_the_record_dies_with_the_vm() -> None:
    freed = attrs.evolve(NEW, live=False)
    oops = Oops("P9", "use after free: read_origin on freed gi")
    assert answer(GI.read_origin(), freed) == (freed, None, (oops,))
    assert answer(GI.fire(), freed) is BLOCK


def start(here: Host, gisa: GisaState, interrupt: GisaIntState) -> dict[str, Any]:
    """Initial states with these of the first VM."""
    return here.system(()).initial() | {"vm0.gisa": gisa, "vm0.gisa_int": interrupt}


FREE = GisaState("vm0.gisa")


@pytest.mark.parametrize(
    ("register", "isc", "before", "iam", "result", "after", "iam_after"),
    [
        (True, 3, NEW, 0, GAL_ISC, ONE, 0x10),
        (True, 3, ONE, 0x10, GAL_ISC, TWO, 0x10),
        (True, 8, NEW, 0, ERANGE, NEW, 0),
        (True, 3, attrs.evolve(NEW, origin=None), 0, ENODEV, attrs.evolve(NEW, origin=None), 0),
        (False, 3, ONE, 0x10, 0, NEW, 0),
        (False, 3, TWO, 0x10, 0, ONE, 0x10),
        (False, 5, ONE, 0x10, EINVAL, ONE, 0x10),
        (False, -1, ONE, 0x10, ERANGE, ONE, 0x10),
        (False, 3, attrs.evolve(ONE, origin=None), 0, ENODEV, attrs.evolve(ONE, origin=None), 0),
    ],
)
def test_a_registration_arms_the_first_user_and_disarms_the_last(
    register: bool, isc: int, before: GisaIntState, iam: int, result: int, after: GisaIntState, iam_after: int
) -> None:
    here = host()
    states = start(here, attrs.evolve(FREE, iam=iam), before)
    behaviour = (gisc_register if register else gisc_unregister)(here.vms[0].parts, isc)
    got, states, _ = alone(behaviour, states)
    assert (got, states["vm0.gisa_int"], states["vm0.gisa"]) == (result, after, attrs.evolve(FREE, iam=iam_after))


def test_a_registration_in_the_alert_list_leaves_iam_to_the_next_restore() -> None:
    here = host()
    listed = GisaState(NULL, ipm=0x10)
    got, states, _ = alone(gisc_register(here.vms[0].parts, 5), start(here, listed, ONE))
    assert (got, states["vm0.gisa_int"], states["vm0.gisa"]) == (GAL_ISC, BOTH, listed)


def test_iam_is_restored_only_when_nothing_wanted_is_pending() -> None:
    here = host()
    unwanted, wanted = GisaState("vm0.gisa", ipm=0x04), GisaState("vm0.gisa", ipm=0x14)
    got, states, _ = alone(get_ipm_or_restore_iam(here.vms[0].parts), start(here, unwanted, ONE))
    assert (got, states["vm0.gisa"]) == (0, GisaState("vm0.gisa", ipm=0x04, iam=0x10))
    got, states, _ = alone(get_ipm_or_restore_iam(here.vms[0].parts), start(here, wanted, ONE))
    assert (got, states["vm0.gisa"]) == (0x10, wanted)


ENDED = attrs.evolve(NEW, origin=None)


@pytest.mark.parametrize(
    ("rules", "gisa", "interrupt", "steps"),
    [
        (V4, attrs.evolve(FREE, iam=0x10), attrs.evolve(ENDED, alert_mask=0x10), 4),
        (GisaRules(destroy_takes_list=True), FREE, ENDED, 5),
        (GisaRules(destroy_synchronizes=True), FREE, ENDED, 6),
        (GisaRules(destroy_ignores_list=True), attrs.evolve(FREE, iam=0x10), attrs.evolve(ENDED, alert_mask=0x10), 3),
        (
            GisaRules(timer_after_destroy=True),
            attrs.evolve(FREE, iam=0x10),
            attrs.evolve(ENDED, alert_mask=0x10, timer="armed"),
            3,
        ),
    ],
)
def test_what_destroying_a_gisa_with_a_registration_and_a_timer_leaves(
    rules: GisaRules, gisa: GisaState, interrupt: GisaIntState, steps: int
) -> None:
    here = host(rules)
    before = attrs.evolve(NEW, alert_mask=0x10, timer="armed")
    states = start(here, attrs.evolve(FREE, iam=0x10), before)
    _, states, operations = alone(gisa_destroy(here.vms[0].parts, here.gib), states)
    assert (states["vm0.gisa"], states["vm0.gisa_int"], len(operations)) == (gisa, interrupt, steps)


def test_destroying_takes_the_gisa_off_the_alert_list_itself() -> None:
    here = host(GisaRules(destroy_takes_list=True))
    states = start(here, GisaState(NULL, ipm=0x10), NEW) | {"gib": GibState("vm0.gisa", gal=True)}
    _, states, operations = alone(gisa_destroy(here.vms[0].parts, here.gib), states)
    assert (states["gib"], states["vm0.gisa"], states["vm0.gisa_int"]) == (
        GibState(NULL, gal=True),
        GisaState("vm0.gisa", ipm=0x10),
        ENDED,
    )
    assert operations == [
        "vm0.gisa_int.begin_destroy",
        "vm0.gisa_int.drop_alert_mask",
        "vm0.gisa.set_iam",
        "gib.exchange",
        "vm0.gisa.unlink",
        "vm0.gisa_int.restart_timer",
        "gib.exchange",
        "gib.exchange",
        "vm0.gisa_int.cancel_timer",
        "vm0.gisa_int.end_destroy",
    ]


def test_a_vm_without_a_gisa_has_nothing_to_destroy() -> None:
    here = host()
    _, states, operations = alone(gisa_destroy(here.vms[0].parts, here.gib), start(here, FREE, ENDED))
    assert (states["vm0.gisa_int"], operations) == (ENDED, ["vm0.gisa_int.begin_destroy"])
