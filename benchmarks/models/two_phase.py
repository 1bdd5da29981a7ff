"""Two-phase commit: n resource managers and a transaction manager.

The states are those of TLA+'s TwoPhase (two_phase.tla): a manager's state there is where its behaviour stands
here, and a message in the network is a behaviour that is about to be heard. Messages are never lost.

Definition: Gray and Lamport, "Consensus on Transaction Commit", ACM TODS 31(1) 2006, appendix.
"""

from __future__ import annotations

from functools import partial
from typing import Literal

import attrs

from aprt import BLOCK, Actor, Call, Caller, Context, Outcome, Property, System, choose, handler

PROPERTIES: tuple[Property, ...] = ()  # what is counted are states

Decision = Literal["commit", "abort"]


@attrs.frozen
class Transaction:
    """prepared: the managers that are known to be prepared."""

    decision: Decision | None = None
    prepared: frozenset[int] = frozenset()


@attrs.frozen(eq=False)
class TransactionManager(Actor[Transaction]):
    managers: int

    def initial(self) -> Transaction:
        return Transaction()

    @handler(writes="decision")
    def commit(self, state: Transaction, by: Caller) -> Outcome[Transaction, None]:
        """Possible once all managers are prepared."""
        if state.decision is not None or len(state.prepared) < self.managers:
            return BLOCK
        return attrs.evolve(state, decision="commit"), None

    @handler(writes="decision")
    def abort(self, state: Transaction, by: Caller) -> Outcome[Transaction, None]:
        """Possible at any time, for no reason."""
        return (attrs.evolve(state, decision="abort"), None) if state.decision is None else BLOCK

    @handler(writes="prepared")
    def hear(self, state: Transaction, by: Caller, manager: int) -> Outcome[Transaction, bool]:
        """Takes the message of a prepared manager; replies whether it did: a decision may have come first."""
        if state.decision is not None:
            return state, False
        return attrs.evolve(state, prepared=state.prepared | {manager}), True

    @handler(reads="decision")
    def decided(self, state: Transaction, by: Caller) -> Outcome[Transaction, None]:
        """Blocks until there is a decision."""
        return BLOCK if state.decision is None else (state, None)

    @handler(reads="")
    def ignore(self, state: Transaction, by: Caller, manager: int) -> Outcome[Transaction, None]:
        """The message of a manager stays in the network: blocks for ever."""
        return BLOCK


async def resource_manager(transaction: TransactionManager, me: int) -> None:
    if await choose("vote", "prepare", "abort") == "abort":
        return
    if await transaction.hear(me):
        await transaction.decided()
    else:
        await transaction.ignore(me)


async def once(action: Call[None]) -> None:
    await action


def system(n: int) -> System:
    """n resource managers."""
    transaction = TransactionManager("transaction", n)
    actions = (
        Context("commit", partial(once, transaction.commit())),
        Context("abort", partial(once, transaction.abort())),
    )
    managers = (Context(f"manager{r}", partial(resource_manager, transaction, r)) for r in range(n))
    return System((transaction,), tuple(attrs.evolve(context, daemon=True) for context in (*actions, *managers)))
