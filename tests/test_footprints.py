"""Handlers depend on no more of their state than they declare to read: changing the rest changes nothing they do.

That they write no more is checked whenever one runs (`core.actor`); what they read nobody sees from outside.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from itertools import product
from random import Random
from typing import Any, TypeAlias

import attrs
import pytest

from aprt.core.actor import BLOCK, Actor, Handler, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.effects import Call
from aprt.core.system import System
from aprt.explore.stepper import Stepper
from aprt.kernel.object import Object
from aprt.kernel.rwsem import RwSem, RwSemState
from aprt.kernel.spinlock import Spinlock
from aprt.kernel.timer import Timer, TimerState
from aprt.kernel.workqueue import Work, WorkState
from aprt.vfio_ap.ap.ap_sm import HostQueue
from aprt.vfio_ap.eras import ERAS
from aprt.vfio_ap.v4.era import V4
from tests.vfio_ap.machines import model

Case: TypeAlias = tuple[Actor[Any], Any, Call[Any], Caller]
Values: TypeAlias = Mapping[tuple[type[Any], str], Iterable[Any]]

STEPS, VALUES = 200, 8


def untrue(cases: Iterable[Case], values: Values) -> set[str]:
    """Which handler depends on which field that it does not declare. values: what to put into the fields."""
    return {
        f"{type(actor).__name__}.{call.op} depends on {field}"
        for actor, state, call, by in cases
        for field in _hidden(actor, actor.handler(call.op), state)
        for value in values[type(state), field]
        if value != getattr(state, field) and not _same(actor, state, call, by, {field: value})
    }


def _hidden(actor: Actor[Any], found: Handler[Any, ..., Any], state: Any) -> list[str]:
    declared = found.reads | found.writes | ({"live"} if isinstance(actor, Object) and not found.on_freed else set())
    return [] if "*" in declared else [field.name for field in attrs.fields(type(state)) if field.name not in declared]


def _same(actor: Actor[Any], state: Any, call: Call[Any], by: Caller, change: dict[str, Any]) -> bool:
    other = attrs.evolve(state, **change)
    ours, theirs = actor.handle(state, call, by), actor.handle(other, call, by)
    if ours is BLOCK or theirs is BLOCK:
        return ours is theirs
    told = [(done[1:], done[0] is before) for done, before in ((ours, state), (theirs, other))]
    return told[0] == told[1] and attrs.evolve(ours[0], **change) == theirs[0]


def walk(system: System, seed: int) -> Iterable[Case]:
    """The messages of a random execution, each with the state that it found."""
    lots, states = Random(seed), system.initial()
    with Stepper(system) as stepper:
        while (enabled := stepper.enabled()) and len(stepper.events) < STEPS:
            label = lots.choice(enabled)
            stepper.step(label.context, label.op)
        events = tuple(stepper.events)
    actors = {actor.name: actor for actor in system.actors}
    for event in events:
        if event.actor is not None:
            actor = actors[event.actor]
            yield actor, states[actor.name], Call(actor, event.op, event.args), event.caller
            states[actor.name] = event.state


def seen(cases: Iterable[Case]) -> Values:
    """The values that fields had, a few of each."""
    found: defaultdict[tuple[type[Any], str], dict[Hashable, None]] = defaultdict(dict)
    for _, state, _, _ in cases:
        for field in attrs.fields(type(state)) if attrs.has(type(state)) else ():
            values = found[type(state), field.name]
            if len(values) < VALUES:
                values[getattr(state, field.name)] = None
    return found


@pytest.mark.parametrize("switches", ["", "+all-measures"])
def test_the_components_of_the_interrupt_path_read_what_they_declare(switches: str) -> None:
    systems = [model(f"{name}{switches}").system for name in sorted(V4.scenarios)]
    cases = [case for system in systems for seed in range(3) for case in walk(system, seed)]
    assert untrue(cases, seen(cases)) == set()
    tried = {(type(actor).__name__, call.op) for actor, _, call, _ in cases}
    assert {("ApQueue", "reset"), ("GisaInt", "register"), ("Kvm", "put"), ("VfioApQueue", "records")} <= tried


def test_the_state_machine_of_a_host_queue_reads_what_it_declares() -> None:
    era = ERAS["2026"]
    found = [era.scenario(name) for name in ("host-request", "host-no-irq", "host-offline")]
    systems = [scenario.build(era.settings(scenario)).system for scenario in found]
    cases = [case for system in systems for seed in range(5) for case in walk(system, seed)]
    assert untrue(cases, seen(cases)) == set()
    tried = {call.op for actor, _, call, _ in cases if isinstance(actor, HostQueue)}
    assert tried == set(HostQueue("aq", Spinlock("lock")).messages())


NAMES: tuple[str | None, ...] = (None, "a", "b")
GROUPS = ((), ("a",), ("b",), ("a", "b"))
KERNEL: list[tuple[Actor[Any], type[Any], dict[str, tuple[Any, ...]]]] = [
    (RwSem("l"), RwSemState, {"readers": GROUPS, "writer": NAMES, "waiting": GROUPS}),
    (Work("w"), WorkState, {"pending": (False, True), "runner": NAMES}),
    (Timer("t"), TimerState, {"armed": (False, True), "runner": NAMES}),
]


@pytest.mark.parametrize(("actor", "state", "fields"), KERNEL, ids=[type(row[0]).__name__ for row in KERNEL])
def test_the_primitives_of_the_kernel_read_what_they_declare(
    actor: Actor[Any], state: type[Any], fields: dict[str, tuple[Any, ...]]
) -> None:
    states = [state(*values) for values in product(*fields.values())]
    ops = [name for name, value in vars(type(actor)).items() if isinstance(value, Handler)]
    cases = [(actor, before, Call(actor, op, ()), Caller(by)) for before in states for op in ops for by in ("a", "c")]
    assert untrue(cases, {(state, name): values for name, values in fields.items()}) == set()


@attrs.frozen
class Lamp:
    lit: bool = False
    broken: bool = False


@attrs.frozen(eq=False)
class Desk(Actor[Lamp]):
    def initial(self) -> Lamp:
        return Lamp()

    @handler(reads="lit")
    def shines(self, state: Lamp, by: Caller) -> Outcome[Lamp, bool]:
        return state, state.lit and not state.broken

    @handler(reads="lit")
    def wait(self, state: Lamp, by: Caller) -> Outcome[Lamp, None]:
        return BLOCK if state.broken else (state, None)

    @handler(writes="lit")
    def switch(self, state: Lamp, by: Caller) -> Outcome[Lamp, None]:
        return attrs.evolve(state, lit=not state.broken), None

    @handler(reads="broken", writes="lit")
    def honest(self, state: Lamp, by: Caller) -> Outcome[Lamp, None]:
        return attrs.evolve(state, lit=not state.broken), None


def test_a_reply_a_block_and_a_write_each_give_a_field_away_that_is_not_declared() -> None:
    desk = Desk("desk")
    cases = [(desk, Lamp(lit=True), Call(desk, op, ()), Caller("a")) for op in ("shines", "wait", "honest")]
    assert untrue(cases, {(Lamp, "broken"): (False, True)}) == {
        "Desk.shines depends on broken",
        "Desk.wait depends on broken",
    }
    # `switch` declares to read all
    assert untrue([(desk, Lamp(), desk.switch(), Caller("a"))], {(Lamp, "broken"): (True,)}) == set()
