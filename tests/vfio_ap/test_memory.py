"""Guest memory as the host sees it: pins, DMA mappings, and hardware that writes where nobody holds the page."""

from __future__ import annotations

from typing import Any

import pytest
from pyrsistent import pmap, pset

from aprt.core.caller import Caller
from aprt.core.effects import Call
from aprt.core.notes import Broken, Oops, Owes
from aprt.core.properties import Noted, Property
from aprt.explore.explore import explore
from aprt.vfio_ap.memory import Memory, MemoryState
from tests.vfio_ap.machines import model

MEMORY = Memory("vm0.memory", "vm0", (3, 4))
NEW = MemoryState(pset([3, 4]))
ONCE = MemoryState(pset([3, 4]), pmap({3: 1}))
TWICE = MemoryState(pset([3, 4]), pmap({3: 2}))
TAKEN, GIVEN = Owes(("pin", "vm0", 3), 1), Owes(("pin", "vm0", 3), -1)


def do(call: Call[Any], state: MemoryState) -> Any:
    return call.actor.handle(state, call, Caller("x"))


def test_a_page_is_pinned_as_often_as_asked_and_only_while_it_is_mapped() -> None:
    assert do(MEMORY.pin(0x3F00), NEW) == (ONCE, True, (TAKEN,))
    assert do(MEMORY.pin(0x3000), ONCE) == (TWICE, True, (TAKEN,))
    assert do(MEMORY.pin(0x5000), NEW) == (NEW, False, ())
    assert do(MEMORY.unpin(0x3F00), TWICE) == (ONCE, True, (GIVEN,))
    assert do(MEMORY.unpin(0x3F00), ONCE) == (NEW, True, (GIVEN,))
    assert do(MEMORY.unpin(0x3F00), NEW) == (NEW, False, ())


def test_a_range_with_a_pinned_page_is_not_unmapped() -> None:
    assert do(MEMORY.unmap(2, 2), ONCE) == (ONCE, False, ())
    assert do(MEMORY.unmap(4, 1), ONCE) == (MemoryState(pset([3]), pmap({3: 1})), True, ())
    told = Oops("P10", "vm0: pages from 0x2 on stay pinned while they are unmapped")
    assert do(MEMORY.bug(2), ONCE) == (ONCE, None, (told,))


def test_hardware_that_writes_a_page_without_a_pin_is_a_finding_and_writes_all_the_same() -> None:
    written = MemoryState(pset([3, 4]), pmap({3: 1}), pset([0x3F00]))
    assert do(MEMORY.write_nib(0x3F00), ONCE) == (written, None, ())
    told = Broken("P8", "hardware writes the NIB 0x4f00 of vm0 in a page that is not pinned")
    assert do(MEMORY.write_nib(0x4F00), NEW) == (MemoryState(pset([3, 4]), written=pset([0x4F00])), None, (told,))
    assert do(MEMORY.clear_nib(0x3F00), written) == (ONCE, True, ())
    assert do(MEMORY.clear_nib(0x3F00), ONCE) == (ONCE, False, ())


@pytest.mark.parametrize(
    ("text", "id", "expected"),
    [
        (
            "dma-unmap+guest=enable_use+delivery",
            "P8",
            "hardware writes the NIB 0x3f00 of vm0 in a page that is not pinned",
        ),
        ("dma-unmap+guest=enable_use+delivery+unmap_disables+wait_reset", "P8", None),
        ("h1", "P2", "reply 05.0004 makes isc 3 pending in vm0.gisa, which is freed"),
    ],
)
def test_late_writes_of_hardware_are_seen_when_they_happen(text: str, id: str, expected: str | None) -> None:
    """Only what the hardware itself does, without the checks that look ahead."""
    found = explore(model(text).system, (Property(id, "late writes", (Noted(),)),))
    assert [finding.text for finding in found.findings] == ([] if expected is None else [expected])
