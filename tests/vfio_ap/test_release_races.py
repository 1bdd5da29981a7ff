"""Races about resets, filters, unassignment and records: what breaks without a fix, and holds with it."""

from __future__ import annotations

import pytest

from aprt.core.events import Event
from aprt.core.finding import Finding
from aprt.explore.replay import replay
from tests.vfio_ap.releases import ask, assert_fix_removes_a_race, broken, model

# scenario with its fix out, what that breaks, states with the fix in
BREAKS = [
    ("reset-reenable", "B5", {"P5", "P6"}, 106),
    ("remove-mdev", "B4", {"P9"}, 1060),
    ("unbind", "B6", {"P5", "P6", "P8", "P9", "P22", "P37", "P52"}, 943),
    ("reset-meets-reset", "B14", {"P12", "P34", "P35"}, 1214),
    ("reset-meets-reset", "B15", {"P8", "P12", "P34", "P35"}, 1214),
    ("unassign", "B33", {"P11"}, 407),
    ("sibling", "B27", {"P11"}, 1917),
    ("assign-beside-unbound", "B28", {"P11"}, 578),
    ("assign-twice", "B16", {"P14", "P32", "deadlock"}, 53),
    ("unassign", "B34", {"P13"}, 407),
    ("no-facility", "B35", {"P47"}, 308),
    ("no-gisa", "B37", {"P5"}, 460),
    ("nib-zero", "B38", {"P5", "P7", "P34"}, 433),
    ("probe-fails", "B39", {"P39"}, 82),
    ("forwarding", "B45", {"P3", "P6"}, 79),
]


@pytest.mark.parametrize(("name", "fix", "breaks", "states"), BREAKS, ids=[row[1] for row in BREAKS])
def test_a_race_is_there_without_its_fix_and_nothing_is_broken_with_it(
    name: str, fix: str, breaks: set[str], states: int
) -> None:
    assert_fix_removes_a_race(name, fix, breaks, states)


def test_an_unmapped_page_is_unpinned_under_a_queue_that_writes_there_or_stays_pinned_until_the_host_stops() -> None:
    """B13: the range begins with the NIB's page, and the pin goes while the record stays; or it begins before."""
    assert broken("2026/dma-unmap-B13") - broken("2026/dma-unmap") == {"P5", "P7", "P10"}


def test_the_filter_looks_at_a_queue_that_was_not_assigned_just_now() -> None:
    """B29. Either way the queue that was hidden when its domain was unassigned still points to its mdev (P13)."""
    assert broken("2026/assign-back-B29") - broken("2026/assign-back") == {"P17"}


@pytest.mark.parametrize("era", ["5.3", "5.12", "5.15"])
def test_before_6_0_a_device_that_is_being_unbound_is_found_and_has_no_data_any_more(era: str) -> None:
    """B6, with the lock: the walk over the driver's devices meets one whose remove has not returned."""
    (oops,) = (finding for finding in ask(f"{era}/unbind", "P9").findings if finding.property == "P9")
    assert oops.text == "null-ptr-deref: the drvdata of queue device 05.0004 is NULL"
    assert ask("6.0/unbind", "P9").findings == ()


def test_nobody_is_told_of_a_reset_that_did_not_end_up_to_5_3() -> None:
    """B52. In 5.3 by itself, later when the fix is taken out."""
    assert broken("5.3/close-and-use", "P50") == broken("6.2/close-and-use-B52", "P50") == {"P50"}
    assert broken("5.12/close-and-use", "P50") == broken("6.2/close-and-use", "P50") == set()


def test_a_machine_without_aqic_ends_in_every_reset_before_5_12() -> None:
    """B35."""
    assert broken("5.3/no-facility", "P47") == {"P47"}
    assert broken("5.12/no-facility", "P47") == set()


def test_a_removal_that_is_refused_leaves_the_mdev_with_the_driver_up_to_5_13() -> None:
    """B36. The notifier brings a VM once more before release takes it away; since 5.15 it goes first."""
    assert broken("5.13/rejoin+B36=out", "P51") == {"P51"}
    assert broken("5.13/rejoin", "P51") == broken("5.15/rejoin", "P51") == set()
    seen = steps("5.13/rejoin+B36=out", "P51", "set_kvm", "unregister")
    assert [step for step in seen if "mdev0" in step or "group" in step] == [
        "user mdev0.set_kvm",
        "qemu mdev0.set_kvm",
        "user vm0.group.unregister",
        "user mdev0.vfio.unregister",
    ]


def test_before_5_11_the_notifier_follows_a_vm_pointer_that_release_has_cleared_since_the_lock_was_given_back() -> None:
    (oops,) = ask("5.3/rejoin", "P9").findings
    assert oops.text == "null-ptr-deref: kvm of mdev0 is NULL"
    seen = steps("5.3/rejoin", "P9", "set_kvm", "null_dereference")
    assert seen[-3:] == ["qemu mdev0.set_kvm", "user mdev0.set_kvm", "qemu mdev0.null_dereference"]
    assert broken("4.20/rejoin", "P9") == broken("5.12/rejoin", "P9") == set()


def test_a_hidden_queue_that_is_unassigned_keeps_its_interrupt_until_the_gisa_is_gone_and_longer() -> None:
    assert broken("2026/unassign-hidden") == {"P1", "P3", "P5", "P6", "P7", "P13", "P52"}
    assert broken("2026/unassign-hidden+aqic_intercepts_unassigned=no") == {"P13"}


@pytest.mark.parametrize(("binding", "states"), [("state_change", 3232), ("failed_association", 3940)])
def test_a_reset_of_a_queue_that_is_being_bound_is_waited_for_and_issued_again(binding: str, states: int) -> None:
    """0a and 35. The guest's own enable may be refused with 35, and leaks what it took: P5, P6."""
    found = ask(f"2026/reset-meets-reset+{binding}")
    assert (found.complete, found.states) == (True, states)
    assert {finding.property for finding in found.findings} <= {"P5", "P6"}


def steps(text: str, property: str, *ops: str) -> list[str]:
    """The steps of the shortest schedule that breaks `property`: `context actor.op`, those with one of these ops."""
    finding = next(finding for finding in ask(text).findings if finding.property == property)
    return [f"{event.context} {event.label.op}" for event in _events(text, finding) if event.op in ops]


def _events(text: str, finding: Finding) -> tuple[Event, ...]:
    asked = model(text)
    return replay(asked.system, finding.schedule, asked.select([finding.property])).events


def test_a_refused_zapq_is_taken_for_a_reset_that_is_over() -> None:
    assert steps("2026/reset-meets-reset-B14", "P12", "reset", "finish_reset", "forget_isc") == [
        "vm0.vcpu0 hw 05.0004.reset",  # the guest's RAPQ
        "close hw 05.0004.reset",  # ZAPQ: 02
        "reset 05.0004 hw 05.0004.finish_reset",
        "kworker 05.0004 q 05.0004.forget_isc",
    ]


def test_a_wait_that_ends_after_ten_polls_unpins_the_page_of_a_queue_that_is_not_reset() -> None:
    seen = steps("2026/reset-meets-reset-B15", "P8", "reset", "tapq", "finish_irq", "unpin")
    assert seen == [
        "irq 05.0004 hw 05.0004.finish_irq",
        "close hw 05.0004.reset",
        *["close hw 05.0004.tapq"] * 10,
        "close vm0.memory.unpin",
    ]


def test_a_node_that_is_in_a_table_twice_lets_no_walk_come_back() -> None:
    (deadlock,) = (finding for finding in ask("2026/assign-twice-B16").findings if finding.property == "deadlock")
    assert deadlock.text == "admin waits for mdev0.queues"


def test_a_guest_gets_a_queue_without_a_driver_when_a_domain_comes_back() -> None:
    assert steps("2026/assign-back-B29", "P17", "set_matrix", "set_masks") == [
        *["admin mdev0.set_matrix", "admin vm0.crycb.set_masks"] * 2,
    ]
