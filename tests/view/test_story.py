"""Which turns of a long execution a story keeps: where it breaks, who raced with that, and who handed on a lock."""

from __future__ import annotations

import attrs

from aprt.core.actor import Actor, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.properties import Noted, Property, always
from aprt.core.scenario import Model, Scenario, Settings
from aprt.core.schedule import Schedule
from aprt.core.system import Context, System
from aprt.explore.replay import replay
from aprt.kernel.mutex import Mutex
from aprt.verdict.case import Case
from aprt.view.reports.report import raced
from aprt.view.reports.story import story
from aprt.view.reports.subject import Subject
from tests.counter import Counter
from tests.toy import TOY

TURNS = 11  # of two contexts that have nothing to do with it


@attrs.frozen(eq=False)
class Data(Actor[int]):
    """How often it was written."""

    mutex: Mutex

    def initial(self) -> int:
        return 0

    @handler(writes="*", guarded_by="mutex")
    def write(self, state: int, by: Caller) -> Outcome[int, None]:
        return state + 1, None

    @handler(reads="*", guarded_by="mutex")
    def read(self, state: int, by: Caller) -> Outcome[int, int]:
        return state, state


def build(settings: Settings) -> Model:
    mutex, counter, other = Mutex("mutex"), Counter("counter"), Counter("other")
    data = Data("data", mutex)

    async def giver() -> None:
        await mutex.lock()
        await mutex.unlock()

    async def taker() -> None:
        await mutex.lock()
        await counter.store(7)

    async def twice() -> None:
        await mutex.lock()
        await counter.store(1)
        await counter.store(2)
        await mutex.lock()

    async def bare() -> None:
        await counter.store(7)

    async def careless() -> None:
        await data.read()

    async def careful() -> None:
        await mutex.lock()
        await data.write()

    async def chatter() -> None:
        for _ in range(TURNS):
            await other.add(1)

    behaviours = {
        "giver": giver,
        "taker": taker,
        "bare": bare,
        "twice": twice,
        "careless": careless,
        "careful": careful,
        "a": chatter,
        "b": chatter,
    }
    contexts = tuple(Context(name, behaviour) for name, behaviour in behaviours.items())
    small = always("small", (counter,), lambda view: "counter is 7" if view(counter).value == 7 else None)
    noted = (Property(id, id, (Noted(),)) for id in ("P22", "K1"))
    return Model(System((mutex, counter, other, data), contexts), (small, *noted), (), ())


def told(*steps: tuple[str, str]) -> list[str]:
    case = Case.make(TOY, Scenario("long", "a long story", "", ("small",), build))
    model = case.model()
    execution = replay(model.system, Schedule.of(steps), model.properties)
    subject = Subject(case, model.system, execution, execution.findings[0])
    return story(raced(subject))


def turns(lines: list[str]) -> list[str]:
    """Number and context of each that is told."""
    return [" ".join(line.split()[:2]) for line in lines if line[:1].isdigit()]


CHAT = [("a", "other.add"), ("b", "other.add")] * 10
GIVEN = [("giver", "mutex.lock"), ("giver", "mutex.unlock")]


def test_the_turns_between_which_a_lock_goes_over_to_who_breaks_something_are_kept() -> None:
    lines = told(*CHAT[:2], *GIVEN, *CHAT[2:], ("taker", "mutex.lock"), ("b", "other.add"), ("taker", "counter.store"))
    kept = turns(lines)
    assert kept[:2] == ["1. a", "3. giver"]
    assert {"22. taker", "24. taker"} < {*kept}
    assert len(lines) == 8
    assert lines[-1].endswith(f"({24 - len(kept)} turns of 24 left out.)")


def test_both_sides_of_a_race_are_kept_however_much_comes_between_them() -> None:
    lines = told(*CHAT[:2], ("careless", "data.read"), *CHAT[2:], ("careful", "mutex.lock"), ("careful", "data.write"))
    assert {"3. careless", "22. careful"} < {*turns(lines)}
    assert len(lines) == 8


def test_where_a_lock_was_taken_that_is_taken_again_is_told_before_anything_else() -> None:
    mine = [("twice", op) for op in ("mutex.lock", "counter.store", "counter.store", "mutex.lock")]
    assert told(*mine) == [
        "1. twice runs twice(), 4 steps: mutex_lock(mutex) in twice(), then",
        "   mutex_lock(mutex)",
        "Then: twice locks mutex, which it already holds (K1).",
    ]
    lines = told(*CHAT[:2], *mine[:2], *CHAT[2:], *mine[2:])
    assert {"3. twice", "22. twice"} < {*turns(lines)}


def test_who_gave_a_lock_to_nobody_who_breaks_something_is_left_out_like_others() -> None:
    lines = told(*CHAT[:2], *GIVEN, *CHAT[2:], ("taker", "mutex.lock"), ("b", "other.add"), ("bare", "counter.store"))
    assert "3. giver" not in turns(lines)
    assert "24. bare" in turns(lines)
    assert len(lines) == 8
