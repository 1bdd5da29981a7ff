"""Races about resets, filters, unassignment and records: what breaks without a fix, and holds with it."""

from __future__ import annotations

import pytest

from aprt.core.events import Event
from aprt.core.properties import Finding
from aprt.explore.replay import replay
from tests.vfio_ap.releases import ask, broken, model

# scenario with its fix out, what that breaks, states with the fix in
BREAKS = [
    ("reset-reenable", "B5", {"P5", "P6"}, 106),
    ("unbind", "B6", {"P5", "P6", "P8", "P9", "P22"}, 943),
    ("reset-meets-reset", "B14", {"P12", "P34", "P35"}, 1214),
    ("reset-meets-reset", "B15", {"P8", "P12", "P34", "P35"}, 1214),
    ("unassign", "B33", {"P11"}, 407),
    ("sibling", "B27", {"P11"}, 1917),
    ("assign-beside-unbound", "B28", {"P11"}, 578),
]


@pytest.mark.parametrize(("name", "fix", "breaks", "states"), BREAKS, ids=[row[1] for row in BREAKS])
def test_a_race_is_there_without_its_fix_and_nothing_is_broken_with_it(
    name: str, fix: str, breaks: set[str], states: int
) -> None:
    assert broken(f"2026/{name}-{fix}") == breaks
    held = ask(f"2026/{name}")
    assert (held.complete, held.findings, held.states) == (True, (), states)


def test_an_unmapped_page_is_unpinned_under_a_queue_that_writes_there_or_stays_pinned_until_the_host_stops() -> None:
    """B13: the range begins with the NIB's page, and the pin goes while the record stays; or it begins before."""
    assert broken("2026/dma-unmap-B13") - broken("2026/dma-unmap") == {"P5", "P7", "P10"}


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
