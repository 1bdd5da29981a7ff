"""The reduced search: it finds what the full one finds, in fewer states, and refuses what it cannot answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from random import Random

import pytest

from aprt import (
    BLOCK,
    Caller,
    ModelError,
    Mutex,
    Outcome,
    Property,
    System,
    UserError,
    View,
    always,
    at_end,
    choose,
    explore,
    handler,
)
from aprt.core.events import Event
from aprt.core.properties import DEADLOCK, HANG, After, Always, Before, Check, History, Noted, Wrong, endless
from aprt.explore.commuting.local_steps import LocalStep
from aprt.explore.persistent_sets import reduced, wander
from aprt.explore.persistent_sets.futures import Against, Futures
from aprt.explore.persistent_sets.persistent import PersistentSets
from aprt.explore.replay import replay
from aprt.explore.result import Bounds, Exploration
from aprt.kernel.mailbox import Mailbox, MailboxState
from aprt.kernel.rwsem import RwSem
from aprt.vfio_ap.v4.era import V4
from benchmarks.models import philosophers
from tests.explore.enumerator import Values
from tests.explore.programs.cells import Cell, inc, lastzero
from tests.explore.programs.generated import generate
from tests.explore.programs.locking import dining
from tests.explore.programs.mailboxes import fan_in_out, pipeline
from tests.explore.tiny import Variable, system

RULES = tuple(Property(id, id, (Noted(),)) for id in ("K1", "K2", "K3", "P9", "P22"))


def search(model: System, *properties: Property) -> Exploration:
    return explore(model, properties, strategy="reduced", stop_on="all")


# how much is left

LEFT = (
    ("eating-once", dining(6), (7_759, 671)),
    ("eating-for-ever", dining(6, looping=True), (1_297, 92)),
    ("left-handed", dining(6, left_handed=1), (6_336, 455)),
    ("lastzero", lastzero(6), (5_900, 1_019)),
    ("fan-in-out", fan_in_out(4), (705, 120)),
    ("pipeline", pipeline(3, 3), (70, 19)),
    ("increments-of-one-cell", inc(3), (59, 59)),
    ("philosophers-and-forks", philosophers.system(4), (7_816, 150)),
)


@pytest.mark.parametrize(("model", "states"), [row[1:] for row in LEFT], ids=[row[0] for row in LEFT])
def test_what_is_left_of_known_programs(model: System, states: tuple[int, int]) -> None:
    full, found = explore(model), search(model)
    assert (full.states, found.states) == states
    assert (found.ends, found.deadlocks, found.complete) == (full.ends, full.deadlocks, True)


# nothing is missed


def outcome(seed: int, strategy: str) -> tuple[object, ...]:
    """All ways in which executions of a random program end, and the rules that are broken on the way."""
    model, ends = generate(seed), set[Values]()
    collect = at_end("ends", model.actors, lambda view: ends.add(tuple(view(actor) for actor in model.actors)))
    found = explore(model, (collect, *RULES, DEADLOCK), strategy=strategy, stop_on="all")
    assert found.complete
    return ends, found.ends, found.deadlocks, found.oopses, {finding.property for finding in found.findings}


@pytest.mark.parametrize("block", range(3))
def test_random_programs_end_as_in_the_full_search(block: int) -> None:
    for seed in range(50 * block, 50 * (block + 1)):
        assert (seed, outcome(seed, "reduced")) == (seed, outcome(seed, "states"))


def differences(seeds: range) -> list[int]:
    return [seed for seed in seeds if outcome(seed, "reduced") != outcome(seed, "states")]


def test_what_is_not_known_at_first_is_met_by_looking_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wander, "_WALKS", 0)
    assert differences(range(60)) == []


def test_a_search_that_learned_something_may_have_missed_something(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wander, "_WALKS", 0)
    monkeypatch.setattr(reduced.ReducedSearch, "_look_again", lambda search: None)
    assert differences(range(30)) != []


def test_what_nobody_has_seen_must_be_reckoned_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wander, "_WALKS", 0)
    monkeypatch.setattr(Futures, "_unseen", lambda *_: 0)
    assert differences(range(30)) != []


def waiting_reader() -> tuple[System, Property]:
    """A reader waits for a lock; only when that is given back before the store, it reads too early."""
    x, lock = Variable("x"), Mutex("lock")
    result = Variable("result")

    async def store() -> None:
        await x.store(1)
        await lock.trylock()

    async def read() -> None:
        await choose("begin", "now")
        await lock.lock()
        await result.store(10 + await x.load())

    async def hold() -> None:
        await lock.lock()
        await lock.unlock()

    early = at_end("P1", (result,), lambda view: "early" if view(result).value == 10 else None)
    return system(x, lock, result, store=store, read=read, hold=hold), early


def test_a_context_that_waits_must_not_be_let_go_on_by_others(monkeypatch: pytest.MonkeyPatch) -> None:
    model, early = waiting_reader()
    assert search(model, early).findings != ()
    monkeypatch.setattr(Futures, "_alarms", lambda *_: frozenset())
    assert search(model, early).findings == ()


def test_what_commutes_is_learned_with_one_value_and_may_be_needed_with_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sem, x = RwSem("sem"), Variable("x")

    async def upgrade() -> None:
        await x.store(1)
        await sem.down_read()
        await sem.down_write()  # an oops, whether the other one reads by then or not

    async def read() -> None:
        await sem.down_read()
        await x.store(2)

    model = system(sem, x, upgrade=upgrade, read=read)
    assert search(model).oopses == explore(model).oopses
    whole = PersistentSets._against

    def without_slots(sets: PersistentSets, place: int, steps: Sequence[LocalStep]) -> tuple[Against, int, list[int]]:
        against, every, some = whole(sets, place, steps)
        return Against(against.kinds), every, some

    monkeypatch.setattr(PersistentSets, "_against", without_slots)
    assert search(model).oopses < explore(model).oopses


# cycles


def beside_a_loop() -> tuple[System, Property]:
    """A context goes round for ever, with steps that nobody depends on; another one breaks the property."""
    x, y = Variable("x"), Variable("y")

    async def spin() -> None:
        while True:
            await x.load()

    async def write() -> None:
        await y.store(1)
        await y.store(2)

    return system(x, y, spin=spin, write=write), always("P1", (y,), lambda view: "two" if view(y).value == 2 else None)


def test_a_context_is_not_put_off_for_ever_by_a_cycle() -> None:
    model, small = beside_a_loop()
    (finding,) = search(model, small).findings
    assert [label.context for label in finding.schedule] == ["write", "write"]


def test_without_looking_for_contexts_put_off_the_violation_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reduced.ReducedSearch, "_catch_up", lambda search: None)
    model, small = beside_a_loop()
    assert search(model, small).findings == ()


# properties


def looks(model: System, seed: int) -> tuple[Property, ...]:
    """Properties of every kind that is accepted, at random values."""
    lots = Random(seed)
    x, y = (actor for actor in model.actors if isinstance(actor, Cell))
    m, n = (actor for actor in model.actors if isinstance(actor, Mutex))
    a, b = lots.randrange(3), lots.randrange(1, 3)

    def repeated(last: Hashable, event: Event) -> Hashable | Wrong:
        return Wrong("again") if last == (event.context, event.op) else (event.context, event.op)

    def before_read(view: View, event: Event) -> str | None:
        return "now" if view(y).value == a and view(m).owner else None

    checks: dict[str, Check] = {
        "after": After(x, "write", (y,), lambda view, event: "now" if view(y).value == b else None),
        "before": Before(x, "read", (y, m), before_read),
        "held": Always((y,), lambda view: "held" if view.held("m") and view(y).value == b else None),
        "cells": History((), (x,), repeated),
        "locks": History((), (m, n), repeated),
    }
    return (
        always("pair", (x, y), lambda view: "met" if (view(x).value, view(y).value) == (a, b) else None),
        always("both", (m, n), lambda view: "held" if view(m).owner and view(n).owner else None),
        *(Property(id, id, (check,)) for id, check in checks.items()),
    )


def test_what_checks_see_on_the_way_is_seen_in_some_order_that_is_left() -> None:
    broken: Counter[str] = Counter()
    for seed in range(40):
        model = generate(seed)
        properties = looks(model, seed)
        wanted = {finding.property for finding in explore(model, properties, stop_on="all").findings}
        assert (seed, {finding.property for finding in search(model, *properties).findings}) == (seed, wanted)
        for property in properties:
            alone = search(model, property)
            assert (seed, bool(alone.findings)) == (seed, property.id in wanted)
            assert all(finding in replay(model, finding.schedule, (property,)).findings for finding in alone.findings)
        broken.update(wanted)
    assert broken.keys() == {"pair", "both", "after", "before", "held", "cells", "locks"}


def test_what_it_cannot_answer_is_refused() -> None:
    x = Variable("x")

    async def write() -> None:
        await x.give()

    model = system(x, a=write, b=write)
    with pytest.raises(UserError, match=r"^property hang asks what can be reached from each state"):
        search(model, HANG)
    holding = always("P5", (x,), lambda view: "some" if len(view.callers) > 2 else None)
    with pytest.raises(UserError, match=r"^property P5 looks at all that contexts hold"):
        search(model, holding)
    assert search(model, at_end("P5", (x,), lambda view: str(view.inflight("x")))).findings[0].text == "-2"
    with pytest.raises(UserError, match=r"^only strategy 'states' knows symmetry, and not 'reduced'$"):
        explore(model, strategy="reduced", symmetry=True)


class Unsaid(Mailbox[int]):
    """One that does not declare that it can be full."""

    @handler(reads="messages", writes="messages", puts="messages", sleeps=True)
    def send(self, state: MailboxState[int], by: Caller, message: int) -> Outcome[MailboxState[int], None]:
        if len(state.messages) == self.capacity:
            return BLOCK
        return MailboxState((*state.messages, message)), None


@pytest.mark.parametrize("strategy", ["states", "dpor", "reduced"])
def test_a_put_that_blocks_and_does_not_declare_it_is_refused(strategy: str) -> None:
    box = Unsaid("box", 30)

    async def take() -> None:
        for _ in range(32):
            await box.receive()

    async def put() -> None:
        for number in range(32):
            await box.send(number)

    with pytest.raises(ModelError, match=r"^box.send blocks although messages has room by what it declares$"):
        explore(system(box, take=take, put=put), strategy=strategy)


# the interrupt path


def check_scenario(name: str) -> None:
    """With the scenario's properties, it ends as in the full search, and breaks what is broken there."""
    scenario = V4.scenario(name)
    model = scenario.build(V4.settings(scenario))
    properties = tuple(p for p in model.select(scenario.properties) if not endless(p))
    full, found = explore(model.system, properties, stop_on="all"), search(model.system, *properties)
    assert (found.ends, found.deadlocks, found.oopses) == (full.ends, full.deadlocks, full.oopses)
    assert {finding.property for finding in found.findings} == {finding.property for finding in full.findings}
    assert found.states <= full.states
    for finding in found.findings:
        assert finding in replay(model.system, finding.schedule, properties).findings


@pytest.mark.parametrize("name", ["remove-vs-intercept", "kill-qemu", "h15", "h10"])
def test_the_interrupt_path_ends_as_in_the_full_search(name: str) -> None:
    check_scenario(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(V4.scenarios))
def test_every_scenario_ends_as_in_the_full_search(name: str) -> None:
    check_scenario(name)


# bounds


def test_bounds_end_the_search() -> None:
    model = dining(5)
    for bounds, stopped in (
        (Bounds(max_states=100), "max_states"),
        (Bounds(max_depth=3), "max_depth"),
        (Bounds(budget=0.0), "budget"),
    ):
        found = explore(model, strategy="reduced", bounds=bounds)
        assert (found.complete, found.stopped) == (False, stopped)
    assert explore(model, strategy="reduced", bounds=Bounds(max_states=100)).states == 100
    assert explore(model, strategy="reduced", bounds=Bounds(max_depth=20)).complete


def test_the_first_violation_ends_the_search() -> None:
    found = explore(dining(4), [DEADLOCK], strategy="reduced")
    assert (found.stopped, len(found.findings), len(found.findings[0].schedule)) == ("violation", 1, 4)


def test_an_initial_state_can_be_wrong_and_a_system_can_have_nothing_to_do() -> None:
    x = Variable("x")
    found = search(system(x), always("P1", (x,), lambda view: "zero"))
    assert (found.states, found.ends, [len(f.schedule) for f in found.findings]) == (1, 1, [0])
