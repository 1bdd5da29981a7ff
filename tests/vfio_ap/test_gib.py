"""The GIB: insertion by hardware, the list processor, and who still has to look at the list."""

from __future__ import annotations

from typing import Any

import pytest

from aprt.core.actor import BLOCK
from aprt.core.caller import Caller
from aprt.core.effects import Call
from aprt.core.notes import Broken, Owes
from aprt.vfio_ap.kvm.gib import Gib, GibState, make_pending, process_gib_alert_list
from aprt.vfio_ap.kvm.gisa import NONE, NULL, GisaState
from aprt.vfio_ap.kvm.gisa_int import GisaIntState
from aprt.vfio_ap.kvm.gisa_switches import GisaRules
from tests.vfio_ap.gisa_systems import alone, host

GIB = Gib("gib")
LOST = Gib("gib", GisaRules(gal_handled=False))
X = Caller("x")
PROCESSOR = Caller("x", owed=((("gal", "gib"), 1),))
EMPTY, OFF, LIST, PENDING = GibState(), GibState(NONE), GibState("g"), GibState("g", gal=True)


def owes(key: str, name: str, count: int) -> Owes:
    return Owes((key, name), count)


@pytest.mark.parametrize(
    ("call", "by", "before", "expected"),
    [
        (GIB.push("g"), X, EMPTY, (LIST, NULL, (owes("raise", "gib", 1),))),
        (GIB.push("g"), X, OFF, (LIST, NONE, ())),
        (GIB.push("h"), X, LIST, (GibState("h"), "g", (owes("slice", "g", 1),))),
        (GIB.raise_gal(), X, LIST, (PENDING, None, (owes("raise", "gib", -1),))),
        (LOST.raise_gal(), X, LIST, (LIST, None, (owes("raise", "gib", -1),))),
        (GIB.accept(), X, LIST, BLOCK),
        (GIB.accept(), X, PENDING, (LIST, None, (owes("gal", "gib", 1),))),
        (GIB.exchange(NONE), X, LIST, (OFF, "g", (owes("gal", "gib", 1), owes("slice", "g", 1)))),
        (GIB.exchange(NONE), PROCESSOR, LIST, (OFF, "g", (owes("slice", "g", 1),))),
        (GIB.exchange(NONE), PROCESSOR, OFF, (OFF, NONE, ())),
        (GIB.exchange(NULL), PROCESSOR, OFF, (EMPTY, NONE, (owes("gal", "gib", -1),))),
        (GIB.store(NULL), PROCESSOR, OFF, (EMPTY, None, (owes("gal", "gib", -1),))),
        (
            GIB.store(NULL),
            PROCESSOR,
            LIST,
            (EMPTY, None, (owes("gal", "gib", -1), Broken("P27", "x arms alerts over the list that begins with g"))),
        ),
        (GIB.begin_walk(), X, GibState(walkers=("y",)), (GibState(walkers=("x", "y")), None, ())),
        (GIB.end_walk(), X, GibState(walkers=("x", "y")), (GibState(walkers=("y",)), None, ())),
        (GIB.synchronize(), X, GibState(walkers=("y",)), BLOCK),
        (GIB.synchronize(), X, EMPTY, (EMPTY, None, ())),
    ],
)
def test_the_gib_changes_in_one_step(call: Call[Any], by: Caller, before: GibState, expected: Any) -> None:
    assert call.actor.handle(before, call, by) == expected


def test_the_first_insertion_raises_the_interrupt_and_the_second_does_not() -> None:
    here = host(vms=2)
    states = here.system(()).initial()
    _, states, operations = alone(make_pending(here.gib, here.vms[0].parts.gisa, 3), states)
    assert operations == ["vm0.gisa.make_pending", "gib.push", "vm0.gisa.link", "gib.raise_gal"]
    _, states, operations = alone(make_pending(here.gib, here.vms[1].parts.gisa, 3), states)
    assert operations == ["vm1.gisa.make_pending", "gib.push", "vm1.gisa.link"]
    assert states["gib"] == GibState("vm1.gisa", gal=True)
    assert states["vm0.gisa"] == GisaState(NULL, ipm=0x10)
    assert states["vm1.gisa"] == GisaState("vm0.gisa", ipm=0x10)


def test_an_isc_that_is_not_armed_stays_pending_without_an_alert() -> None:
    here = host()
    _, states, operations = alone(make_pending(here.gib, here.vms[0].parts.gisa, 5), here.system(()).initial())
    assert (operations, states["gib"]) == (["vm0.gisa.make_pending"], EMPTY)
    assert states["vm0.gisa"] == GisaState("vm0.gisa", ipm=0x04, iam=0x10)


def listed(rules: GisaRules) -> tuple[dict[str, Any], list[str]]:
    """The states and operations of processing a list of two GISAs."""
    here = host(rules, vms=2)
    states = here.system(()).initial()
    states |= {"gib": GibState("vm1.gisa"), "vm0.gisa": GisaState(NULL, 0x10), "vm1.gisa": GisaState("vm0.gisa", 0x10)}
    _, states, operations = alone(process_gib_alert_list(here.gib, here.by_gisa), states)
    return states, operations


WALK = ["vm1.gisa.unlink", "vm1.gisa_int.restart_timer", "vm0.gisa.unlink", "vm0.gisa_int.restart_timer"]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (GisaRules(), ["gib.exchange", *WALK, "gib.exchange", "gib.exchange"]),
        (GisaRules(gib_rearm_early=True), ["gib.exchange", *WALK, "gib.store"]),
        (
            GisaRules(destroy_synchronizes=True),
            ["gib.begin_walk", "gib.exchange", *WALK, "gib.exchange", "gib.exchange", "gib.end_walk"],
        ),
    ],
)
def test_processing_takes_every_gisa_off_starts_its_timer_and_arms_alerts(
    rules: GisaRules, expected: list[str]
) -> None:
    states, operations = listed(rules)
    assert operations == expected
    assert states["gib"] == EMPTY
    for vm in ("vm0", "vm1"):
        assert states[f"{vm}.gisa"] == GisaState(f"{vm}.gisa", ipm=0x10)
        registered = GisaIntState(f"{vm}.gisa", 0x10, (0, 0, 0, 1, 0, 0, 0, 0), timer="armed")
        assert states[f"{vm}.gisa_int"] == registered
