"""Two-phase commit: all of the protocol's state in one actor, one daemon for each of its actions.

An action blocks where it is not enabled or would change nothing, so that steps are TLC's transitions without
self-loops. Messages are a set, nothing is lost or consumed.

Definition and figures: Gray and Lamport, "Consensus on Transaction Commit", ACM TODS 31(1) 2006, module
TwoPhase in its appendix; checked by TLC and by Stateright (examples/2pc.rs).
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from typing import Literal, TypeAlias

import attrs

from aprt import BLOCK, Actor, Alike, Call, Caller, Context, Outcome, System, handler

Manager: TypeAlias = Literal["working", "prepared", "committed", "aborted"]


@attrs.frozen
class ProtocolState:
    """managers: the state of each. prepared: those that the transaction manager knows to be prepared."""

    managers: frozenset[tuple[str, Manager]]
    transaction: Literal["init", "committed", "aborted"] = "init"
    prepared: frozenset[str] = frozenset()
    messages: frozenset[Hashable] = frozenset()

    def working(self, r: str) -> bool:
        return (r, "working") in self.managers

    def with_manager(self, r: str, state: Manager) -> ProtocolState:
        others = (entry for entry in self.managers if entry[0] != r)
        return attrs.evolve(self, managers=frozenset([*others, (r, state)]))

    def sent(self, message: Hashable) -> ProtocolState:
        return attrs.evolve(self, messages=self.messages | {message})


Acted: TypeAlias = Outcome[ProtocolState, None]


def unless_the_same(state: ProtocolState, after: ProtocolState) -> Acted:
    """The outcome of an enabled action, which blocks when it changes nothing."""
    return BLOCK if after == state else (after, None)


@attrs.frozen(eq=False)
class Protocol(Actor[ProtocolState]):
    """Resource managers, and one transaction manager."""

    managers: tuple[str, ...]

    def initial(self) -> ProtocolState:
        return ProtocolState(frozenset((r, "working") for r in self.managers))

    @handler(writes="*")
    def receive_prepared(self, state: ProtocolState, by: Caller, r: str) -> Acted:
        if state.transaction != "init" or ("prepared", r) not in state.messages:
            return BLOCK
        return unless_the_same(state, attrs.evolve(state, prepared=state.prepared | {r}))

    @handler(writes="*")
    def commit(self, state: ProtocolState, by: Caller) -> Acted:
        if state.transaction != "init" or len(state.prepared) < len(self.managers):
            return BLOCK
        return attrs.evolve(state, transaction="committed").sent("commit"), None

    @handler(writes="*")
    def abort(self, state: ProtocolState, by: Caller) -> Acted:
        if state.transaction != "init":
            return BLOCK
        return attrs.evolve(state, transaction="aborted").sent("abort"), None

    @handler(writes="*")
    def prepare(self, state: ProtocolState, by: Caller, r: str) -> Acted:
        if not state.working(r):
            return BLOCK
        return state.with_manager(r, "prepared").sent(("prepared", r)), None

    @handler(writes="*")
    def choose_abort(self, state: ProtocolState, by: Caller, r: str) -> Acted:
        return (state.with_manager(r, "aborted"), None) if state.working(r) else BLOCK

    @handler(writes="*")
    def receive_commit(self, state: ProtocolState, by: Caller, r: str) -> Acted:
        if "commit" not in state.messages:
            return BLOCK
        return unless_the_same(state, state.with_manager(r, "committed"))

    @handler(writes="*")
    def receive_abort(self, state: ProtocolState, by: Caller, r: str) -> Acted:
        if "abort" not in state.messages:
            return BLOCK
        return unless_the_same(state, state.with_manager(r, "aborted"))


def two_phase_commit(n: int) -> System:
    """Two-phase commit with n resource managers, who are alike."""
    managers = tuple(f"rm{i}" for i in range(n))
    protocol = Protocol("protocol", managers)

    async def again_and_again(action: Call[None]) -> None:
        while True:
            await action

    def daemon(name: str, action: Call[None]) -> Context:
        return Context(name, partial(again_and_again, action), daemon=True)

    per_manager = (
        protocol.receive_prepared,
        protocol.prepare,
        protocol.choose_abort,
        protocol.receive_commit,
        protocol.receive_abort,
    )
    actions = [protocol.commit(), protocol.abort(), *(act(r) for r in managers for act in per_manager)]
    contexts = {action: daemon(" ".join((action.op, *map(str, action.args))), action) for action in actions}
    members = tuple((r, *(contexts[act(r)].name for act in per_manager)) for r in managers)
    return System((protocol,), tuple(contexts.values()), symmetry=(Alike(members),))
