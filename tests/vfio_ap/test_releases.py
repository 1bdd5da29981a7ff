"""Today's driver, asked for every property where a guest lives and ends: what holds, and what is known not to."""

from __future__ import annotations

import pytest

from aprt.vfio_ap.eras import ERAS
from tests.vfio_ap.releases import ask, broken

HOLDS = [
    ("kill-qemu", 2565),
    ("rogue-close", 8958),
    ("qemu-reset", 10620),
    ("unplug", 748),
    ("reset-reenable", 106),
    ("close-and-use", 308),
]


@pytest.mark.parametrize(("name", "states"), HOLDS, ids=[row[0] for row in HOLDS])
def test_every_property_holds_in_2026(name: str, states: int) -> None:
    found = ask(f"2026/{name}")
    assert (found.complete, found.findings, found.states) == (True, (), states)


@pytest.mark.parametrize("era", ["v4", "2026"])
def test_a_number_stands_for_one_property_in_an_era(era: str) -> None:
    titles: dict[str, set[str]] = {}
    for name, scenario in sorted(ERAS[era].scenarios.items()):
        properties = scenario.build(ERAS[era].settings(scenario)).properties
        assert len({p.id for p in properties}) == len(properties), name
        for p in properties:
            titles.setdefault(p.id, set()).add(p.title)
    assert {id: sorted(told) for id, told in titles.items() if len(told) > 1} == {}


# a refused enable keeps its pin and its registration, which are on no record: P5, P6, then P3
BREAKS = [
    ("card-off", {"P3", "P5", "P6"}),
    (
        "card-broken",
        {"P1", "P3", "P5", "P6", "P8", "P34"},
    ),  # what answered 04 comes back as it was, and notifies
    ("reset-reenable-busy", {"P5", "P6", "P8"}),  # the disable is tried six times, and then taken for done
    ("dma-unmap", {"P8"}),  # so is the interrupt's end, after five looks
]


@pytest.mark.parametrize(("name", "expected"), BREAKS, ids=[row[0] for row in BREAKS])
def test_what_2026_breaks(name: str, expected: set[str]) -> None:
    assert broken(f"2026/{name}") == expected
