"""What a daemon context runs now and then: the function of a work item, the callback of a timer.

As for lockdep, it counts while it runs as a lock that its context holds, and that others wait for who wait for its end.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

import attrs

from aprt.core.actor import Actor, Outcome
from aprt.core.caller import Caller
from aprt.core.notes import Gave, Irq, Note, Took
from aprt.kernel import rules


class Run(Protocol):
    """The state: a frozen record that says which context runs it just now."""

    @property
    def runner(self) -> str | None: ...


R = TypeVar("R", bound=Run)


@attrs.frozen(eq=False)
class Runnable(Actor[R]):
    """An actor whose handlers begin and end runs."""

    def begun(self, irq: Irq | None) -> tuple[Note, ...]:
        """The notes of a run that begins. irq: what it runs in; None for a kernel thread."""
        return (Took(attrs.evolve(self.hold(atomic=irq is not None), runs=irq)),)

    def ended(self, state: R, by: Caller, **changes: Any) -> Outcome[R, None]:
        """The run has ended. Finding: the caller does not run it (nothing changes). changes: what else comes of it."""
        if state.runner != by.context:
            return state, None, (rules.not_owner(by, self.name, state.runner),)
        return attrs.evolve(state, runner=None, **changes), None, (Gave(self.name),)  # type: ignore[misc]
