"""Today's driver: the guarantee holds in every order of closing, and falls with what gives it."""

from __future__ import annotations

import pytest

from aprt.explore.explore import explore
from aprt.explore.result import Exploration
from aprt.vfio_ap.eras import ERAS

LIFE = [("kill-qemu", 2552), ("rogue-close", 8978)]


def ask(name: str, *ids: str, without: tuple[str, ...] = ()) -> Exploration:
    era = ERAS["2026"]
    scenario = era.scenario(name)
    model = scenario.build(era.settings(scenario, (), without))
    return explore(model.system, model.select(ids) if ids else model.properties, stop_on="all")


@pytest.mark.parametrize(("name", "states"), LIFE)
def test_every_property_holds_when_the_files_of_a_guest_are_closed_in_any_order(name: str, states: int) -> None:
    found = ask(name)
    assert (found.complete, found.findings, found.states) == (True, (), states)


def test_an_interrupt_reaches_the_guest_that_waits_for_it() -> None:
    found = ask("alert", "P26", "P27", "P30", "P31")
    assert (found.complete, found.findings, found.states) == (True, (), 2722)


def test_a_gisa_that_ends_in_the_alert_list_is_not_safe_even_today() -> None:
    """Another processor has it in hand: its timer starts after gisa_destroy cancelled it."""
    found = ask("two-vms", "P3", "P28")
    assert (found.complete, {finding.property for finding in found.findings}) == (True, {"P3", "P28"})


@pytest.mark.slow
@pytest.mark.parametrize(("fix", "property"), [("clear_kicked", "P31"), ("keep_deliverable", "P30")])
def test_an_idle_vcpu_is_kicked_with_today_s_fixes_only(fix: str, property: str) -> None:
    assert ask("lost-kick", "P30", "P31").findings == ()
    assert property in {finding.property for finding in ask("lost-kick", "P30", "P31", without=(fix,)).findings}
