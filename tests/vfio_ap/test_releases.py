"""Today's driver: the guarantee holds in every order of closing, and falls with what gives it."""

from __future__ import annotations

import pytest

from aprt.explore.explore import explore
from aprt.vfio_ap.eras import ERAS

LIFE = [("kill-qemu", 2552), ("rogue-close", 8978)]


@pytest.mark.parametrize(("name", "states"), LIFE)
def test_every_property_holds_when_the_files_of_a_guest_are_closed_in_any_order(name: str, states: int) -> None:
    era = ERAS["2026"]
    model = era.scenario(name).build(era.settings(era.scenario(name)))
    found = explore(model.system, model.properties, stop_on="all")
    assert (found.complete, found.findings, found.states) == (True, (), states)
