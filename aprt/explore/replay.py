"""Replay of one schedule outside the search: live coroutines along the labels, every event in full."""

from __future__ import annotations

from collections.abc import Iterable

from aprt.core.chain import Place
from aprt.core.errors import ReplayMismatch
from aprt.core.execution import Execution
from aprt.core.listener import Listener
from aprt.core.properties import Property
from aprt.core.schedule import Schedule
from aprt.core.step import Ask
from aprt.core.system import System
from aprt.explore.stepper import Stepper


def replay(
    system: System, schedule: Schedule, properties: Iterable[Property] = (), listeners: Iterable[Listener] = ()
) -> Execution:
    """The execution that `schedule` describes, from its first label to its last, and what it breaks.

    listeners: hear it, too.
    Raises: `ReplayMismatch` at the first label that the system does not offer.
    """
    with Stepper(system, tuple(properties), tuple(listeners)) as stepper:
        _along(stepper, schedule)
        return stepper.execution()


def pending(system: System, schedule: Schedule) -> dict[str, Ask]:
    """The call that each context waits for after `schedule`; contexts that are done, or have a choice, are left out.

    Raises: `ReplayMismatch` as `replay`.
    """
    with Stepper(system) as stepper:
        _along(stepper, schedule)
        return stepper.asks()


def places(system: System, schedule: Schedule) -> tuple[list[tuple[Place, ...]], dict[str, tuple[Place, ...]]]:
    """Where in its functions the context of each step was, outermost first; and where each is after the last step.

    Raises: `ReplayMismatch` as `replay`.
    """
    with Stepper(system) as stepper:
        taken = []
        for label in schedule:
            taken.append(stepper.places(label.context))
            stepper.step(label.context, label.op)
        return taken, {context.name: stepper.places(context.name) for context in system.contexts}


def _along(stepper: Stepper, schedule: Schedule) -> None:
    for index, label in enumerate(schedule):
        if not stepper.offers(label):
            raise ReplayMismatch(index, str(label), tuple(map(str, stepper.enabled())))
        stepper.step(label.context, label.op)
