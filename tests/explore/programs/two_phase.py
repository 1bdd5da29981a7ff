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

from aprt import BLOCK, Actor, Call, Caller, Context, Outcome, System, handler

Manager: TypeAlias = Literal["working", "prepared", "committed", "aborted"]


@attrs.frozen
class ProtocolState:
    """managers: the resource managers. prepared: those that the transaction manager knows to be prepared."""

    managers: tuple[Manager, ...]
    transaction: Literal["init", "committed", "aborted"] = "init"
    prepared: frozenset[int] = frozenset()
    messages: frozenset[Hashable] = frozenset()

    def with_manager(self, r: int, state: Manager) -> ProtocolState:
        return attrs.evolve(self, managers=(*self.managers[:r], state, *self.managers[r + 1 :]))

    def sent(self, message: Hashable) -> ProtocolState:
        return attrs.evolve(self, messages=self.messages | {message})


Acted: TypeAlias = Outcome[ProtocolState, None]


def when(enabled: bool, state: ProtocolState, after: ProtocolState) -> Acted:
    """The outcome of an action: `after`, unless it is not enabled or changes nothing."""
    return (after, None) if enabled and after != state else BLOCK


@attrs.frozen(eq=False)
class Protocol(Actor[ProtocolState]):
    """n resource managers, 0..n-1, and one transaction manager."""

    n: int

    def initial(self) -> ProtocolState:
        return ProtocolState(tuple("working" for _ in range(self.n)))

    @handler(writes="*")
    def receive_prepared(self, state: ProtocolState, by: Caller, r: int) -> Acted:
        enabled = state.transaction == "init" and ("prepared", r) in state.messages
        return when(enabled, state, attrs.evolve(state, prepared=state.prepared | {r}))

    @handler(writes="*")
    def commit(self, state: ProtocolState, by: Caller) -> Acted:
        enabled = state.transaction == "init" and len(state.prepared) == self.n
        return when(enabled, state, attrs.evolve(state, transaction="committed").sent("commit"))

    @handler(writes="*")
    def abort(self, state: ProtocolState, by: Caller) -> Acted:
        enabled = state.transaction == "init"
        return when(enabled, state, attrs.evolve(state, transaction="aborted").sent("abort"))

    @handler(writes="*")
    def prepare(self, state: ProtocolState, by: Caller, r: int) -> Acted:
        enabled = state.managers[r] == "working"
        return when(enabled, state, state.with_manager(r, "prepared").sent(("prepared", r)))

    @handler(writes="*")
    def choose_abort(self, state: ProtocolState, by: Caller, r: int) -> Acted:
        return when(state.managers[r] == "working", state, state.with_manager(r, "aborted"))

    @handler(writes="*")
    def receive_commit(self, state: ProtocolState, by: Caller, r: int) -> Acted:
        return when("commit" in state.messages, state, state.with_manager(r, "committed"))

    @handler(writes="*")
    def receive_abort(self, state: ProtocolState, by: Caller, r: int) -> Acted:
        return when("abort" in state.messages, state, state.with_manager(r, "aborted"))


def two_phase_commit(n: int) -> System:
    """Two-phase commit with n resource managers."""
    protocol = Protocol("protocol", n)

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
    actions = [protocol.commit(), protocol.abort(), *(act(r) for r in range(n) for act in per_manager)]
    contexts = tuple(daemon(f"{action.op}{''.join(map(str, action.args))}", action) for action in actions)
    return System((protocol,), contexts)
