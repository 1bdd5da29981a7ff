"""A use after free that is only possible is searched for in the other order: realised by a schedule, or never."""

from __future__ import annotations

import json

import attrs

from aprt.core.actor import Outcome, handler
from aprt.core.caller import Caller
from aprt.core.schedule import Schedule
from aprt.core.system import System
from aprt.detect.detectors import Detectors
from aprt.explore.replay import replay
from aprt.kernel.cell import Cell
from aprt.kernel.mutex import Mutex
from aprt.kernel.object import Object
from aprt.verdict.case import Case
from aprt.verdict.predicted import Detected, Predicted, predicted
from aprt.verdict.tokens import resolve
from aprt.view.detected_text import detected_json, detected_lines
from aprt.view.paint import Paint
from tests.detect.hearing import system, turns
from tests.verdict.cases import case_of


@attrs.frozen
class ThingState:
    live: bool = True


@attrs.frozen(eq=False)
class Thing(Object[ThingState]):
    def initial(self) -> ThingState:
        return ThingState()

    @handler(reads="", writes="live", on_freed=True)
    def alloc(self, state: ThingState, by: Caller) -> Outcome[ThingState, None]:
        return (state if state.live else ThingState()), None

    @handler(reads="")
    def look(self, state: ThingState, by: Caller) -> Outcome[ThingState, None]:
        return state, None


T, DONE = Thing("thing"), Cell("done", False)


async def use() -> None:
    await T.look()


async def kill() -> None:
    await T.free()


async def use_and_say_so() -> None:
    await T.look()
    await DONE.write(True)


async def kill_when_done() -> None:
    """What it asks orders nothing, for all that detectors know: a plain variable."""
    if await DONE.read():
        await T.free()


async def kill_and_make() -> None:
    await T.free()
    await T.alloc()


async def use_twice() -> None:
    await use()
    await other_use()


async def other_use() -> None:
    await T.look()


RACING = system((T,), user=use, killer=kill)
IN_ORDER = system((T, DONE), user=use_and_say_so, killer=kill_when_done)


def seen(system: System, text: str, limit: int = 10_000) -> tuple[Case, tuple[Detected, ...]]:
    case, detectors = case_of(system), Detectors(system, ["use-after-free"])
    replay(system, turns(system, text), (), (detectors,))
    return case, predicted(case, system, detectors.found, limit)


def prediction(system: System, text: str, limit: int = 10_000) -> Predicted:
    _, (one,) = seen(system, text, limit)
    assert one.predicted is not None
    return one.predicted


def labels(schedule: Schedule | None) -> list[tuple[str, str]] | None:
    return None if schedule is None else [(label.context, label.op) for label in schedule]


def test_free_and_use_in_no_order_are_realised_by_the_schedule_that_frees_first() -> None:
    case, (one,) = seen(RACING, "user killer")
    found = one.predicted
    assert found is not None
    assert labels(found.schedule) == [("killer", "thing.free"), ("user", "thing.look")]
    assert found.token is not None
    recording = resolve(found.token, lambda reference: case)
    assert recording.schedule == found.schedule
    execution = replay(RACING, recording.schedule)
    assert [note.property for note in execution.events[-1].broken] == ["P9"]


def test_an_order_that_no_lock_makes_is_found_out_by_searching_all_states() -> None:
    found = prediction(IN_ORDER, "user* killer*")
    assert (found.schedule, found.token, found.complete) == (None, None, True)
    assert found.states == 8


def test_a_search_that_ends_early_does_not_say_never() -> None:
    found = prediction(IN_ORDER, "user* killer*", limit=3)
    assert (found.schedule, found.complete) == (None, False)


def test_a_search_with_executions_that_end_at_something_else_does_not_say_never() -> None:
    mutex = Mutex("m")

    async def lock_twice() -> None:
        await mutex.lock()
        await mutex.lock()

    wrong = system((T, DONE, mutex), user=use_and_say_so, killer=kill_when_done, other=lock_twice)
    _, (one,) = seen(wrong, "user* killer* other")
    told = "  the other order: not met in 24 states, but an execution ends at a violation of K1"
    assert detected_lines([one], Paint())[-1] == told


def test_an_object_that_is_made_anew_is_not_used_after_the_free() -> None:
    async def use_when_made() -> None:
        await DONE.read()
        await T.look()

    remade = system((T, DONE), user=use_when_made, killer=kill_and_make)
    found = prediction(remade, "user* killer*")
    assert labels(found.schedule) == [("user", "done.read"), ("killer", "thing.free"), ("user", "thing.look")]


def test_the_use_that_was_seen_is_the_one_that_has_to_come_later() -> None:
    twice = system((T,), user=use_twice, killer=kill)
    found = prediction(twice, "user*2 killer")  # the latest use, which is another place than the first
    assert labels(found.schedule) == [("user", "thing.look"), ("killer", "thing.free"), ("user", "thing.look")]


def test_what_has_happened_is_not_searched_for() -> None:
    _, (one,) = seen(RACING, "killer user")
    assert one.predicted is None


def test_what_became_of_it_is_told_below_the_steps() -> None:
    _, racing = seen(RACING, "user killer")
    token = racing[0].predicted and racing[0].predicted.token
    assert detected_lines(racing, Paint())[-2:] == [
        "  the other order: realised by 2 steps",
        f"  reproduce aprt replay {token}",
    ]
    _, in_order = seen(IN_ORDER, "user* killer*")
    assert detected_lines(in_order, Paint())[-1] == "  the other order: never, in all 8 states"
    _, cut = seen(IN_ORDER, "user* killer*", limit=3)
    assert detected_lines(cut, Paint())[-1] == "  the other order: not met in 3 states, which are not all there are"
    (told,) = detected_json(in_order)
    assert told["realised"] == {"schedule": None, "token": None, "states": 8, "complete": True, "unasked": []}
    (told,) = json.loads(json.dumps(detected_json(racing)))
    assert told["realised"]["schedule"] == [["killer", "thing.free"], ["user", "thing.look"]]
