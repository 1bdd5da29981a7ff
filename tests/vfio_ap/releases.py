"""Scenarios of the releases, asked whole: every state, with switches put in and taken out."""

from __future__ import annotations

from functools import cache

from aprt.core.scenario import Model
from aprt.explore.explore import explore
from aprt.explore.result import Exploration, StopOn
from aprt.vfio_ap.eras import ERAS


def model(text: str) -> Model:
    """The model of `era/scenario+switch-fix`: `+` puts a switch in, `-` before a B number takes a fix out."""
    words = text.replace("-B", "+-B").split("+")
    era, _, name = words[0].partition("/")
    scenario = ERAS[era].scenario(name)
    put_in = [word for word in words[1:] if not word.startswith("-")]
    return scenario.build(ERAS[era].settings(scenario, put_in, [word[1:] for word in words[1:] if word[0] == "-"]))


@cache
def ask(text: str, *ids: str, stop_on: StopOn = "all") -> Exploration:
    """All states of it, looking at these properties (all when none is named)."""
    asked = model(text)
    return explore(asked.system, asked.select(ids) if ids else asked.properties, stop_on=stop_on)


def broken(text: str, *ids: str) -> set[str]:
    """The properties that it breaks; the search comes to its end."""
    found = ask(text, *ids)
    assert (found.stopped, found.unmerged) == (None, ())
    return {finding.property for finding in found.findings}


def assert_fix_removes_a_race(scenario: str, fix: str, breaks: set[str], states: int) -> None:
    """Without its fix the scenario of 2026 breaks these properties; with it none, in so many states."""
    assert broken(f"2026/{scenario}-{fix}") == breaks
    held = ask(f"2026/{scenario}")
    assert (held.complete, held.findings, held.states) == (True, (), states)
