"""P2, P3 and P25 to P31, each broken by something and holding without it, by complete exploration.

Every system is small: the alert interrupt and the timers are always there. All properties are checked each time,
and the set of those that break is exact.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
import pytest

from aprt.core.scenario import Settings
from aprt.core.system import Context
from aprt.vfio_ap.kvm.gisa_switches import GISA_SWITCHES, V4, GisaRules
from aprt.vfio_ap.kvm.vcpu import Vcpu
from tests.vfio_ap.gisa_systems import ISC, OTHER, Host, Vm, ends, host, idles, interrupts, registers, unregisters

FIXED = GisaRules(clear_kicked=True, keep_deliverable=True, destroy_synchronizes=True, restore_locked=True)
FIVE, ALL = 0x04, 0xFF


def put(rules: GisaRules, **switches: bool) -> GisaRules:
    return attrs.evolve(rules, **switches)


def broken(here: Host, *contexts: Context) -> dict[str, str]:
    """What breaks, by property; the exploration comes to its end and merges everything."""
    result = here.explore(*contexts)
    assert (result.stopped, result.unmerged, result.deadlocks) == (None, (), 0)
    return {finding.property: finding.text for finding in result.findings}


TIMER = "gisa_destroy leaves the timer armed"
UAF = "the timer of vm0.gisa runs, and the GISA is freed"
LISTED = "gisa_destroy leaves vm0.gisa in the alert list"
ARMED = "IAM of vm0.gisa is 0x10 and alert.mask is 0"
MORE = "IAM is 0x10, which is more than alert.mask 0x00"
SLEEPS = "isc 3 of vm0.gisa is pending, and {} sleeps for good"
COUNTS = "{} counts as kicked and sleeps"
NOBODY = "the alert list begins with vm0.gisa and nobody is going to look at it"


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (FIXED, {}),
        (
            put(FIXED, clear_kicked=False),
            {"P30": SLEEPS.format("vm0.vcpu0"), "P31": COUNTS.format("vm0.vcpu0")},
        ),
        (
            put(FIXED, insert_while_listed=True),  # the list is a ring then, and its processor walks it for ever
            {
                "P26": "vm0.gisa is reached twice",
                "P41": "0x10 is registered and not armed, and nobody is going to arm it",
                "hang": "no end state can be reached: queue0 is at gib.push",
            },
        ),
        (
            put(FIXED, gib_rearm_early=True),
            {
                "P26": "vm0.gisa links to 1, but is in no part of the alert list",
                "P27": "gal arms alerts over the list that begins with vm0.gisa",
                "P30": SLEEPS.format("vm0.vcpu0"),
            },
        ),
        (put(FIXED, gal_handled=False), {"P27": NOBODY, "P30": SLEEPS.format("vm0.vcpu0")}),
    ],
    ids=["fixed", "B8", "insert_while_listed", "gib_rearm_early", "B43"],
)
def test_one_idle_vcpu_and_two_interrupts(rules: GisaRules, expected: dict[str, str]) -> None:
    here = host(rules)
    assert broken(here, interrupts(here, 0, ISC, ISC), idles(here, 0, 0)) == expected


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (FIXED, {}),
        (put(FIXED, keep_deliverable=False), {"P30": SLEEPS.format("vm0.vcpu1")}),
        (put(FIXED, clear_kicked=False), {"P31": COUNTS.format("vm0.vcpu1")}),
    ],
    ids=["fixed", "B9", "B8"],
)
def test_two_idle_vcpus_open_for_different_iscs(rules: GisaRules, expected: dict[str, str]) -> None:
    here = host(rules, masks=(FIVE, ALL))
    assert broken(here, interrupts(here, 0, ISC), idles(here, 0, 0), idles(here, 0, 1)) == expected


@pytest.mark.parametrize("by_index", [False, True])
def test_a_vcpu_whose_id_is_not_its_index_is_not_kicked(by_index: bool) -> None:
    here = host(put(FIXED, idle_by_index=by_index))
    vcpu = Vcpu("vm0.vcpu0", idle_as="vm0.vcpu7")
    here = Host(here.gib, (Vm(here.vms[0].parts, (vcpu,)),))
    expected = {} if by_index else {"P30": SLEEPS.format("vm0.vcpu0")}
    assert broken(here, interrupts(here, 0, ISC), idles(here, 0, 0)) == expected


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (V4, {"P3": TIMER, "P28": UAF}),
        (put(V4, destroy_takes_list=True), {"P3": LISTED, "P28": UAF}),
        (FIXED, {}),
        (put(FIXED, timer_after_destroy=True), {"P3": TIMER, "P28": UAF}),
        (put(V4, destroy_ignores_list=True), {"P3": LISTED, "P28": UAF}),
    ],
    ids=["v4", "6.6", "fixed", "timer_after_destroy", "destroy_ignores_list"],
)
def test_the_end_of_a_vm_with_an_alert_on_its_way(rules: GisaRules, expected: dict[str, str]) -> None:
    here = host(rules)
    assert broken(here, ends(here, 0, ISC)) == expected


def test_the_gap_between_the_alert_list_and_the_timer_outlives_the_gisa() -> None:
    here = host(put(V4, destroy_takes_list=True))
    finding = next(f for f in here.explore(ends(here, 0, ISC)).findings if f.property == "P28")
    labels = [str(label) for label in finding.schedule]
    assert labels.index("gal: vm0.gisa.unlink") < labels.index("ends0: vm0.gisa_int.cancel_timer")
    assert labels[-3:] == ["ends0: vm0.gisa.free", "gal: vm0.gisa_int.restart_timer", "timer0: vm0.gisa_int.fire"]


def test_a_2019_destroy_waits_for_ever_for_an_alert_that_does_not_come() -> None:
    hang = "no end state can be reached: ends0 is at vm0.gisa.make_pending"
    here = host(put(V4, gal_handled=False))
    assert broken(here, ends(here, 0, ISC)) == {"P27": NOBODY, "hang": hang}
    here = host(put(V4, gal_handled=False, destroy_takes_list=True))
    assert broken(here, ends(here, 0, ISC)) == {"P27": NOBODY}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (V4, {"P3": TIMER, "P28": UAF}),
        (FIXED, {}),
        (
            put(FIXED, gib_rearm_early=True),
            {
                "P26": "vm1.gisa links to 1, but is in no part of the alert list",
                "P27": "gal arms alerts over the list that begins with vm1.gisa",
                "hang": "no end state can be reached: ends0 is at vm0.gisa.link",
            },
        ),
    ],
    ids=["v4", "fixed", "gib_rearm_early"],
)
def test_two_vms_in_the_alert_list_and_one_of_them_ends(rules: GisaRules, expected: dict[str, str]) -> None:
    here = host(rules, vms=2)
    assert broken(here, ends(here, 0, ISC), interrupts(here, 1, ISC)) == expected


@pytest.mark.parametrize(
    ("rules", "given_back", "expected"),
    [
        (FIXED, True, {}),
        (V4, True, {}),
        (
            V4,
            False,
            {
                "P3": "gisa_destroy begins with alert.mask 0x10",
                "P29": "IAM of vm0.gisa is 0x10 after gisa_destroy",
            },
        ),
        (FIXED, False, {"P3": "gisa_destroy begins with alert.mask 0x10"}),
        (
            put(V4, iam_left_armed=True),
            True,
            {"P3": "gisa_destroy leaves alert.mask 0x00, IAM 0x10", "P25": MORE, "P29": ARMED},
        ),
        (put(FIXED, iam_left_armed=True), True, {"P25": MORE, "P29": ARMED}),
    ],
    ids=["fixed", "v4", "v4-B45", "fixed-B45", "v4-iam_left_armed", "fixed-iam_left_armed"],
)
def test_the_end_of_a_quiet_vm(rules: GisaRules, given_back: bool, expected: dict[str, str]) -> None:
    here = host(rules)
    assert broken(here, ends(here, 0, unregisters=given_back)) == expected


@pytest.mark.parametrize("rules", [V4, FIXED], ids=["v4", "fixed"])
def test_a_queue_that_is_still_enabled_reaches_the_freed_gisa(rules: GisaRules) -> None:
    here = host(rules)
    found = broken(here, ends(here, 0), interrupts(here, 0, ISC))
    assert found["P2"] == "queue0 makes isc 3 pending in vm0.gisa, which is freed"


Contexts = Callable[[Host], tuple[Context, ...]]


def given_back(here: Host) -> tuple[Context, ...]:
    return unregisters(here, 0, ISC), interrupts(here, 0, ISC), idles(here, 0, 0)


def taken(here: Host) -> tuple[Context, ...]:
    return registers(here, 0, OTHER), interrupts(here, 0, ISC)


@pytest.mark.parametrize(
    ("contexts", "rules", "expected"),
    [
        (given_back, FIXED, {}),
        (given_back, put(FIXED, restore_locked=False), {"P25": MORE, "P29": ARMED}),
        (given_back, put(FIXED, alert_mask_kept=True), {"P25": "alert.mask is 0x10, registered are 0x00"}),
        (taken, FIXED, {}),
        (taken, V4, {}),
        (
            taken,
            put(FIXED, read_once=False),
            {
                "P26": "vm0.gisa is in the alert list, but its next_alert says it is in none",
                "hang": "no end state can be reached: registers0 is at vm0.ref_lock.unlock, queue0 is at gib.raise_gal",
            },
        ),
    ],
    ids=["given_back", "stale_restore", "alert_mask_kept", "taken", "taken_v4", "read_twice"],
)
def test_registrations_while_interrupts_come(contexts: Contexts, rules: GisaRules, expected: dict[str, str]) -> None:
    here = host(rules)
    assert broken(here, *contexts(here)) == expected


def test_a_restore_that_read_the_mask_before_the_last_user_left_arms_iam_for_nobody() -> None:
    here = host(put(FIXED, restore_locked=False))
    finding = next(f for f in here.explore(*given_back(here)).findings if f.property == "P29")
    labels = [str(label) for label in finding.schedule]
    order = ["timer0: vm0.gisa_int.wanted", "unregisters0: vm0.gisa.set_iam", "timer0: vm0.gisa.restore_iam"]
    assert sorted(order, key=labels.index) == order


@pytest.mark.parametrize(
    ("here", "contexts", "states", "ends"),
    [
        (host(), lambda h: [interrupts(h, 0, ISC), idles(h, 0, 0)], 1667, 4),
        (host(FIXED), lambda h: [ends(h, 0, ISC)], 852, 2),
        (host(), lambda h: [ends(h, 0, ISC)], 325, 2),
    ],
    ids=["idle", "end-fixed", "end-v4"],
)
def test_exact_numbers_of_states(here: Host, contexts: Callable[[Host], list[Context]], states: int, ends: int) -> None:
    result = here.explore(*contexts(here))
    assert (result.states, result.ends) == (states, ends)


def test_every_switch_has_a_flag_and_changes_it() -> None:
    names = [switch.name for switch in GISA_SWITCHES]
    assert names == [field.name for field in attrs.fields(GisaRules)]
    assert GisaRules.of(Settings(GISA_SWITCHES)) == V4
    for name in names:
        assert GisaRules.of(Settings(GISA_SWITCHES).set(name, "in")) == put(V4, **{name: True})
