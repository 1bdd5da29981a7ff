"""What a handler declares and returns is checked, and a mistake is told with actor, handler and what to do."""

from collections.abc import Callable
from typing import Any

import attrs
import pytest

from aprt import Actor, Call, Caller, Context, ModelError, Mutex, Outcome, System, UserError, explore, handler, run
from aprt.core.declarations import changed_fields
from aprt.core.notes import Broken


@attrs.frozen
class Lamp:
    lit: bool = False
    watts: int = 5


def lamp(answer: Callable[[Lamp], Any], **declared: Any) -> Actor[Lamp]:
    """A lamp whose handler `switch` answers like that."""

    @attrs.frozen(eq=False)
    class Desk(Actor[Lamp]):
        lock: Mutex | None = None

        def initial(self) -> Lamp:
            return Lamp()

        @handler(**declared)
        def switch(self, state: Lamp, by: Caller) -> Outcome[Lamp, None]:
            return answer(state)  # type: ignore[no-any-return]  # what is returned is the mistake

    return Desk("lamp")


def system(actor: Actor[Lamp]) -> System:
    async def press() -> None:
        await Call(actor, "switch", ())

    return System((actor,), (Context("hand", press),))


RETURNS = "a handler returns (state, reply), (state, reply, notes) or BLOCK"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda state: None, "None"),
        (lambda state: state, "Lamp(lit=False, watts=5)"),
        (lambda state: (state,), "(Lamp(lit=False, watts=5),)"),
        (lambda state: (state, None, Broken("X", "x")), None),
    ],
)
def test_a_handler_that_returns_no_outcome_is_named_with_what_to_return(
    answer: Callable[[Lamp], Any], told: str | None
) -> None:
    for drive in (explore, run):
        with pytest.raises(ModelError) as caught:
            drive(system(lamp(answer)))
        assert f"lamp.switch (Desk) returned {told or ''}" in str(caught.value)
        assert RETURNS in str(caught.value)
        assert str(caught.value).count("ModelError") == 0


@pytest.mark.parametrize("option", ["reads", "writes"])
def test_a_declared_field_that_does_not_exist_is_named_with_those_that_do(option: str) -> None:
    with pytest.raises(ModelError) as caught:
        system(lamp(lambda state: (state, None), **{option: "lit wats"}))
    assert str(caught.value) == (
        "lamp.switch (Desk) declares that it reads or writes 'wats', which Lamp does not have "
        "(its fields: lit, watts; '*' is the whole state)"
    )


@pytest.mark.parametrize("writes", ["", "watts"])
def test_a_field_that_is_changed_and_not_declared_is_named_by_both_drivers(writes: str) -> None:
    for drive in (explore, run):
        with pytest.raises(ModelError) as caught:
            drive(system(lamp(lambda state: (Lamp(True, state.watts), None), writes=writes)))
        assert "lamp.switch (Desk) changed lit, which it does not declare; add that to its writes" in str(caught.value)


@pytest.mark.parametrize("writes", ["lit", "lit watts", "*"])
def test_a_field_that_is_declared_may_be_changed(writes: str) -> None:
    assert explore(system(lamp(lambda state: (Lamp(True, state.watts), None), writes=writes))).states == 2


@pytest.mark.parametrize(
    ("before", "after", "fields"),
    [
        (Lamp(), Lamp(), set()),
        (Lamp(), Lamp(True, 9), {"lit", "watts"}),
        (Lamp(), 7, {"*"}),
        (7, 8, {"*"}),
        (7, 7, set()),
    ],
)
def test_what_changed_is_told_by_field_or_as_the_whole(before: object, after: object, fields: set[str]) -> None:
    assert changed_fields(before, after) == fields


def test_a_lock_that_the_actor_does_not_have_is_named() -> None:
    with pytest.raises(ModelError) as caught:
        system(lamp(lambda state: (state, None), guarded_by="look"))
    assert str(caught.value) == (
        "lamp.switch (Desk) declares guarded_by='look', which the actor does not have; "
        "name an attribute that holds the lock's actor, or None"
    )
    assert system(lamp(lambda state: (state, None), guarded_by="lock")).actors[0].name == "lamp"


def test_a_context_is_given_its_behaviour_uncalled() -> None:
    async def press() -> None: ...

    called = press()
    with pytest.raises(UserError, match=r"^context hand: expected an async function, uncalled, found <coroutine "):
        Context("hand", called)  # type: ignore[arg-type]
    called.close()


def test_a_plain_function_is_no_behaviour() -> None:
    def press() -> None: ...

    with pytest.raises(
        ModelError, match=r"^context hand starts with <function .*press.*>, which is no async function$"
    ):
        Context("hand", press).behaviour()  # type: ignore[arg-type]
