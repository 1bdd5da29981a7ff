"""The contexts that the tests of the kernel send messages as, and how they send one without a driver."""

from __future__ import annotations

from typing import Any

from aprt.core.caller import Caller
from aprt.core.effects import Call
from aprt.core.notes import Broken, Hold

A, B, C = Caller("a"), Caller("b"), Caller("c")
ATOMIC = Caller("a", (Hold("spin", atomic=True),))


def answer(call: Call[Any], state: Any, by: Caller = A) -> Any:
    """What the actor answers in `state`: `BLOCK`, or (state', reply, notes)."""
    return call.actor.handle(state, call, by)


def slept(awaited: str) -> Broken:
    """What is found when `ATOMIC` sleeps for `awaited`."""
    return Broken("P23", f"a may sleep for {awaited} in atomic context: it holds spin")
