"""What a daemon context runs now and then: the function of a work item, the callback of a timer.

While it runs it counts as a lock, as it does for lockdep: its context holds it, and who waits for its end asks for it.
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

    def _ended(self, state: R, by: Caller, **changes: Any) -> Outcome[R, None]:
        """The run has ended. Finding: the caller does not run it (nothing changes). changes: other fields."""
        if state.runner != by.context:
            return state, None, (rules.not_owner(by, self.name, state.runner),)
        return attrs.evolve(state, runner=None, **changes), None, (Gave(self.name),)  # type: ignore[misc]
