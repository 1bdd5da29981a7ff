"""completion: one context waits for what another one finishes; unlike a wake-up it is remembered.

In the lock order whoever is going to complete it counts as a holder, and waiting as asking for it. Nobody can know who
that is, so the context says so: `promise`, before it takes what it needs for that.

Mirrors: kernel/sched/completion.c: wait_for_completion, try_wait_for_completion, complete, complete_all;
include/linux/completion.h: reinit_completion.
Left out: the order of waiters; timeouts; interruptible and killable waiting.
"""

from __future__ import annotations

from typing import Final

import attrs

from aprt.core.actor import BLOCK, Actor, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.notes import Gave, Note, Took
from aprt.kernel import rules

ALL: Final = 2**32 - 1  # what complete_all leaves behind: waiting does not use it up


@attrs.frozen
class CompletionState:
    """done: how many waits will not block, or `ALL`."""

    done: int = 0


@attrs.frozen(eq=False)
class Completion(Actor[CompletionState]):
    """Starts out not done."""

    atomic = ("*",)

    def initial(self) -> CompletionState:
        return CompletionState()

    @handler(reads="done")
    def promise(self, state: CompletionState, by: Caller) -> Outcome[CompletionState, None]:
        """Says that the caller is going to complete it: until then it counts as held. Others may complete it, too."""
        return state, None, () if by.holds(self.name) else (Took(self.hold("promise")),)

    @handler(reads="done", writes="done", acquires="exclusive", sleeps=True)
    def wait(self, state: CompletionState, by: Caller) -> Outcome[CompletionState, None]:
        """Blocks until done, and uses up one `complete`.

        Findings: waiting for what the caller promised (ends the execution), sleeping under a spinlock.
        """
        if state.done == 0:
            return (state, None, rules.recursive(by, self.name)) if by.holds(self.name) else BLOCK
        return _used(state), None

    @handler(reads="done", writes="done", orders="acquire")
    def try_wait(self, state: CompletionState, by: Caller) -> Outcome[CompletionState, bool]:
        """Never blocks; replies whether it was done, and then uses up one `complete`."""
        return (_used(state), True) if state.done else (state, False)

    @handler(reads="done", writes="done", orders="release")
    def complete(self, state: CompletionState, by: Caller) -> Outcome[CompletionState, None]:
        """Lets one waiter go, now or later."""
        return (state if state.done == ALL else CompletionState(state.done + 1)), None, self._kept(by)

    @handler(reads="done", writes="done", orders="release")
    def complete_all(self, state: CompletionState, by: Caller) -> Outcome[CompletionState, None]:
        """Lets everybody go, until `reinit`."""
        return (state if state.done == ALL else CompletionState(ALL)), None, self._kept(by)

    @handler(reads="done", writes="done")
    def reinit(self, state: CompletionState, by: Caller) -> Outcome[CompletionState, None]:
        """Not done again; who has not been let go yet waits on."""
        return (CompletionState() if state.done else state), None

    def _kept(self, by: Caller) -> tuple[Note, ...]:
        return (Gave(self.name),) if by.holds(self.name) else ()


def _used(state: CompletionState) -> CompletionState:
    return state if state.done == ALL else CompletionState(state.done - 1)
