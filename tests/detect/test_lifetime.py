"""Use after free and its kin: what happened, with the history of the object, and what could have."""

from __future__ import annotations

import attrs

from aprt.core.actor import Outcome, handler
from aprt.core.caller import Caller
from aprt.detect.lifetime import BadAccess
from aprt.kernel.held import held
from aprt.kernel.mutex import Mutex
from aprt.kernel.object import Object

from .hearing import detected, system


@attrs.frozen
class ThingState:
    live: bool = False
    value: int = 0


@attrs.frozen(eq=False)
class Thing(Object[ThingState]):
    def initial(self) -> ThingState:
        return ThingState()

    @handler(reads="", writes="live value", on_freed=True)
    def alloc(self, state: ThingState, by: Caller) -> Outcome[ThingState, None]:
        return ThingState(live=True), None

    @handler(reads="value")
    def look(self, state: ThingState, by: Caller) -> Outcome[ThingState, int]:
        return state, state.value


T, M = Thing("thing"), Mutex("m")


async def make() -> None:
    await T.alloc()


async def use() -> None:
    await T.look()


async def kill() -> None:
    await T.free()


def told(bad: object) -> tuple[str, list[tuple[str, int | None, str]]]:
    assert isinstance(bad, BadAccess)
    return bad.text, [(site.role, site.index, site.where) for site in bad.sites]


THREE = system((T,), maker=make, user=use, killer=kill)


def test_a_use_after_free_is_told_with_who_made_and_who_freed_the_object() -> None:
    (bad,) = detected(THREE, "maker killer user", "use-after-free")
    assert told(bad) == (
        "use-after-free by user: look on freed thing",
        [("made", 0, "maker in make()"), ("freed", 1, "killer in kill()"), ("used", 2, "user in use()")],
    )
    assert (bad.index, bad.objects) == (2, ("thing",))


def test_a_use_that_nothing_orders_before_the_free_may_come_after_it() -> None:
    (bad,) = detected(THREE, "maker user killer", "use-after-free")
    assert told(bad) == (
        "possible use-after-free of thing: user uses it and killer frees it, in no order",
        [("made", 0, "maker in make()"), ("freed", 2, "killer in kill()"), ("used", 1, "user in use()")],
    )
    assert bad.index == 2


def test_a_use_that_is_ordered_before_the_free_is_silent() -> None:
    async def locked_use() -> None:
        async with held(M):
            await T.look()

    async def locked_kill() -> None:
        async with held(M):
            await T.free()

    ordered = system((T, M), maker=make, user=locked_use, killer=locked_kill)
    assert detected(ordered, "maker user* killer*", "use-after-free") == ()


def test_a_second_free_is_told_with_the_first() -> None:
    (bad,) = detected(system((T,), maker=make, a=kill, b=kill), "maker a b", "use-after-free")
    assert told(bad) == (
        "double-free of thing by b",
        [("made", 0, "maker in make()"), ("freed", 1, "a in kill()"), ("freed again", 2, "b in kill()")],
    )


def test_a_free_of_what_was_never_made_is_invalid() -> None:
    (bad,) = detected(THREE, "killer", "use-after-free")
    assert (told(bad)[0], bad.objects) == ("invalid-free of thing by killer", ("thing",))


def test_a_null_pointer_has_no_history() -> None:
    async def follow() -> None:
        await T.null_dereference("next")

    (bad,) = detected(system((T,), maker=make, a=follow), "maker a", "use-after-free")
    assert told(bad) == ("null-ptr-deref by a: next of thing is NULL", [("used", 1, "a in follow()")])


def test_an_object_that_lives_is_silent() -> None:
    assert detected(THREE, "maker user", "use-after-free") == ()
