"""Sizes, such as `vcpus=2`, that change nothing: a scenario may fix the number of its guests or queues itself."""

from __future__ import annotations

import attrs

from aprt.core.switch import spelling
from aprt.verdict.case import Case


def idle_sizes(case: Case) -> tuple[tuple[str, ...], Case]:
    """The sizes that were set and change nothing, as a user writes them, and the case with the scenario's own instead.

    A size changes something when the case has other actors or contexts with it than without.
    """
    preset, words = case.era.settings(case.scenario), []
    for switch in case.era.switches:
        value, own = case.settings[switch.name], preset[switch.name]
        if switch.size and value != own:
            without = attrs.evolve(case, settings=case.settings.set(switch.name, own))
            if _parts(without) == _parts(case):
                words.append(spelling(switch, value))
                case = without
    return tuple(words), case


def _parts(case: Case) -> tuple[list[str], list[str]]:
    system = case.model().system
    return [actor.name for actor in system.actors], [context.name for context in system.contexts]
