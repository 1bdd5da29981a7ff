"""Confirming a schedule: the explorer replays it, trio replays it, and the two logs must be the same."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from aprt.core.errors import ReplayMismatch
from aprt.core.events import Event
from aprt.core.execution import Execution
from aprt.core.finding import Finding
from aprt.core.listener import Listener
from aprt.core.properties import Property, hanging
from aprt.core.schedule import Label, Schedule
from aprt.core.system import System
from aprt.explore import replay as explorer
from aprt.runtime import run as runtime
from aprt.runtime.compare import Difference, compare
from aprt.verdict.compact import merge_runs


class DriversDiffer(ReplayMismatch):
    """trio did not do what the explorer did: a mistake in aprt."""

    def __init__(self, difference: Difference) -> None:
        super().__init__(difference.step, difference.expected, (difference.live,))
        self.args = (f"explorer and trio differ at {difference}",)


def confirm(system: System, finding: Finding, property: Property) -> tuple[Finding, Execution]:
    """The finding as the replay words it, and the execution as trio ran it.

    Raises: `ReplayMismatch` when the drivers differ, or when the replay does not break the property.
    """
    execution = both(system, finding.schedule, (property,))
    if finding.loop:
        _goes_round(system, finding, execution)
        return finding, execution
    if not _shows(execution, finding.schedule, property):
        raise ReplayMismatch(len(finding.schedule), f"a violation of {property.id}", ())
    return execution.findings[0] if execution.findings else finding, execution


def both(
    system: System, schedule: Schedule, properties: tuple[Property, ...], listeners: Sequence[Listener] = ()
) -> Execution:
    """The execution of a schedule, run by the explorer and by trio. listeners: hear what trio does.

    Raises: `ReplayMismatch` where the system does not offer a step, `DriversDiffer` where the two logs differ.
    """
    told, live = explorer.replay(system, schedule, properties), runtime.replay(system, schedule, properties, listeners)
    difference = compare(told, live)
    if difference is not None:
        raise DriversDiffer(difference)
    return live


def _goes_round(system: System, finding: Finding, execution: Execution) -> None:
    """Have trio take the steps of the loop once more. Raises: `ReplayMismatch` unless they do the same again."""
    labels = [(label.context, label.op) for label in finding.schedule]
    again = runtime.replay(system, Schedule.of([*labels, *labels[-finding.loop :]]))
    rounds = execution.events[-finding.loop :], again.events[-finding.loop :]
    if [_told(event) for event in rounds[0]] != [_told(event) for event in rounds[1]]:
        raise ReplayMismatch(len(labels), "the same steps once more", ())


def _told(event: Event) -> Event:
    """An event without its place in the execution."""
    return attrs.evolve(event, index=0, label=Label(event.label.context, event.label.op))


def tidy(system: System, finding: Finding, property: Property) -> Finding:
    """The finding with as many steps in an order with fewer context switches, if the last of them, and none before it,
    still shows it; else the finding as it is."""
    if finding.loop:
        return finding
    schedule = merge_runs(explorer.replay(system, finding.schedule).events)
    if schedule.switches >= finding.schedule.switches:
        return finding
    again = explorer.replay(system, schedule, (property,))
    return attrs.evolve(finding, schedule=schedule) if _shows(again, schedule, property) else finding


def _shows(execution: Execution, schedule: Schedule, property: Property) -> bool:
    """Whether the last step breaks the property. A hang counts as shown, since no single execution can show it."""
    if not execution.findings:
        return hanging(property)
    return execution.findings[0].schedule == schedule
