import string

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aprt.core.actor import Actor, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.errors import ReplayMismatch, UserError
from aprt.core.follow import Goal, follow
from aprt.core.schedule import Label, Schedule
from aprt.core.system import Context, System
from aprt.core.token import SALTS, Segment, Token, context_hash, decode, encode, step_hash


async def nothing() -> None: ...


class Register(Actor[int]):
    def initial(self) -> int:
        return 0

    @handler()
    def get(self, state: int, by: Caller) -> Outcome[int, int]:
        return state, state

    @handler(writes="*")
    def put(self, state: int, by: Caller) -> Outcome[int, None]:
        return state + 1, None


def system(*names: str) -> System:
    return System((Register("x"), Register("y")), tuple(Context(name, nothing) for name in names))


class Script:
    """A stepper whose contexts go through given lists of steps; a tuple is a choice, None blocks."""

    def __init__(self, **steps: list[str | tuple[str, ...] | None]) -> None:
        self.steps = steps
        self.done: list[tuple[str, str]] = []

    def options(self, context: str) -> tuple[str, ...]:
        match self.steps[context][:1]:
            case [str(op)]:
                return (op,)
            case [tuple(ops)]:
                return ops
            case _:
                return ()

    def step(self, context: str, op: str) -> None:
        assert op in self.options(context)
        del self.steps[context][0]
        self.done.append((context, op))


AB = system("a", "b")
PLAN = {"a": ["x.get", "x.get", "x.put"], "b": ["x.get", "y.put"]}


def script(**changed: list[str | tuple[str, ...] | None]) -> Script:
    return Script(**{name: list(steps) for name, steps in {**PLAN, **changed}.items()})


def token(*steps: tuple[str, str]) -> Token:
    return decode(encode("toy/x", Schedule.of(steps)))


def led(told: Token, stepper: Script, places: System = AB) -> Schedule:
    return follow(told.goals(places), places, stepper)


def test_a_segment_is_the_hash_of_its_context_and_of_its_last_label() -> None:
    schedule = Schedule.of([("a", "x.get"), ("a", "x.get"), ("b", "x.get"), ("a", "x.put")])
    a, b = context_hash("a", 3), context_hash("b", 3)
    assert decode(encode("toy/x+y", schedule, 3)) == Token(
        "toy/x+y",
        (
            Segment(a, step_hash(Label("a", "x.get", 2), 3)),
            Segment(b, step_hash(Label("b", "x.get"), 3)),
            Segment(a, step_hash(Label("a", "x.put"), 3)),
        ),
        3,
    )


def test_the_text_of_a_token_does_not_change_between_releases() -> None:
    schedule = Schedule.of([("a", "x.get"), ("b", "x.get"), ("b", "y.put"), ("a", "x.get")])
    assert encode("toy/x", schedule) == "aprt2:toy/x:NwPDVSl6V5JSzTA"


def test_following_a_token_takes_the_very_steps_it_was_made_from() -> None:
    steps = [("a", "x.get"), ("b", "x.get"), ("a", "x.get"), ("a", "x.put"), ("b", "y.put")]
    stepper = script()
    assert led(token(*steps), stepper) == Schedule.of(steps)
    assert stepper.done == steps


def test_a_new_step_in_the_middle_of_a_segment_does_not_break_a_token() -> None:
    stepper = script(a=["x.get", "trace.emit", "x.get", "x.put"])
    followed = led(token(("b", "x.get"), ("a", "x.get"), ("a", "x.get")), stepper)
    assert [label.op for label in followed] == ["x.get", "x.get", "trace.emit", "x.get"]


def test_a_choice_in_the_middle_of_a_run_is_pinned() -> None:
    for option in ("left", "right"):
        steps = [("a", "x.get"), ("a", f"choose door={option}"), ("a", "x.put")]
        stepper = script(a=["x.get", ("choose door=left", "choose door=right"), "x.put"])
        assert led(token(*steps), stepper) == Schedule.of(steps)


def test_an_earlier_step_with_the_hash_of_the_last_ends_a_segment_of_its_own() -> None:
    target = step_hash(Label("a", "last"), 0)
    twin = next(f"op{n}" for n in range(1_000_000) if step_hash(Label("a", f"op{n}"), 0) == target)
    steps = [("a", "x.get"), ("a", twin), ("a", "x.put"), ("a", "last")]
    assert [segment.step for segment in token(*steps).segments] == [target, target]
    stepper = script(a=["x.get", twin, "x.put", "last"])
    assert led(token(*steps), stepper) == Schedule.of(steps)


def test_another_salt_tells_two_options_apart_that_share_a_hash() -> None:
    first = "choose n=0"
    wanted = step_hash(Label("a", first), 0)
    second = next(f"choose n={n}" for n in range(1, 1_000_000) if step_hash(Label("a", f"choose n={n}"), 0) == wanted)
    schedule = Schedule.of([("a", second)])
    found = [led(decode(encode("t/x", schedule, salt)), script(a=[(first, second)])) for salt in (0, 1)]
    assert [s == schedule for s in found] == [False, True]


def test_new_contexts_and_actors_do_not_break_a_token() -> None:
    steps = [("b", "x.get"), ("a", "x.get"), ("a", "x.get")]
    stepper = script(new=["z.get"], last=[])
    grown = attrs.evolve(system("new", "a", "b", "last"), actors=(Register("z"), Register("x"), Register("y")))
    assert led(token(*steps), stepper, grown) == Schedule.of(steps)


@pytest.mark.parametrize(
    ("changed", "step", "expected", "enabled"),
    [
        ({"a": ["x.get", None]}, 1, "a to go on to x.put, but it blocks or is done", ("b: x.get",)),
        ({"a": ["x.get", "x.got"]}, 2, "a to go on to x.put, but it blocks or is done", ("b: x.get",)),
        (
            {"a": ["x.get", ("choose n=1", "choose n=2")]},
            1,
            "a to go on to x.put, but it has a choice to make before",
            ("a: choose n=1", "a: choose n=2", "b: x.get"),
        ),
    ],
)
def test_a_token_that_does_not_fit_says_where_and_what_is_enabled_there(changed, step, expected, enabled) -> None:
    with pytest.raises(ReplayMismatch) as caught:
        led(token(("a", "x.get"), ("a", "x.put")), script(**changed))
    assert (caught.value.step, caught.value.expected, caught.value.enabled) == (step, expected, enabled)


def test_a_message_that_was_renamed_breaks_a_token_with_a_reason_of_one_line() -> None:
    with pytest.raises(ReplayMismatch) as caught:
        led(token(("b", "x.get"), ("a", "x.fetch")), script())
    assert str(caught.value) == (
        "replay diverged at step 4: expected a to go on to a step that this model does not have (renamed or removed?), "
        "but it blocks or is done; enabled: b: y.put"
    )


def test_a_step_that_is_out_of_reach_is_named_for_which_time_it_is() -> None:
    with pytest.raises(ReplayMismatch, match=r"expected a to go on to x\.get #4, but it blocks or is done"):
        led(token(*[("a", "x.get")] * 4), script())


def test_an_endless_loop_is_no_way_to_reach_a_step() -> None:
    stepper = script()
    stepper.options = lambda context: ("spin",) if context == "a" else ()  # type: ignore[method-assign]
    stepper.step = lambda context, op: None  # type: ignore[method-assign]
    with pytest.raises(ReplayMismatch, match=r"step 1000: expected a to go on to x\.put, but not within 1,000 steps"):
        led(token(("a", "x.put")), stepper)


def test_a_context_that_the_system_does_not_have_is_a_divergence() -> None:
    with pytest.raises(ReplayMismatch) as caught:
        led(token(("d", "x.put")), script())
    assert str(caught.value) == (
        "replay diverged at step 0: expected a context that this model does not have (renamed or removed?) "
        "to go on to x.put, but there is no such context; enabled: a: x.get, b: x.get"
    )


def test_labels_are_followed_past_new_steps_and_name_the_one_that_is_missing() -> None:
    schedule = Schedule.of([("a", "x.get"), ("b", "x.get"), ("a", "x.fetch")])
    stepper = script(a=["trace.emit", "x.get", "x.fetch"])
    assert [str(label) for label in follow(map(Goal.of, schedule), AB, stepper)] == [
        "a: trace.emit",
        "a: x.get",
        "b: x.get",
        "a: x.fetch",
    ]
    with pytest.raises(ReplayMismatch, match=r"expected a to go on to x\.fetch, but it blocks or is done"):
        follow(map(Goal.of, schedule), AB, script())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("aprt1:toy/x:AAAA", "token has unknown version 'aprt1' (this aprt reads 'aprt2')"),
        ("toy/x", "not a token: 'toy/x' (expected aprt2:ERA/SCENARIO:LETTERS)"),
        ("", "not a token: '' (expected aprt2:ERA/SCENARIO:LETTERS)"),
        ("aprt2:toy/x:!!!!", "token cannot be decoded: '!!!!' is not base64url"),
        ("aprt2:toy/x:äöü", "token cannot be decoded: 'äöü' is not base64url"),
        ("aprt2:toy/x:", "token cannot be decoded: checksum does not match (mistyped or cut off?)"),
        ("aprt2:toy/x:AAAA", "token cannot be decoded: checksum does not match (mistyped or cut off?)"),
    ],
)
def test_what_is_no_token_is_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        decode(text)
    assert str(caught.value) == message


@pytest.mark.parametrize("own", ["", "Ab3", "Ab3_5", "Ab3+", "Ab3.", "Ab3\n4"])
def test_letters_for_the_files_of_a_user_that_are_cut_off_or_mistyped_are_refused(own: str) -> None:
    good = encode("mine.py:it", Schedule.of([("a", "x.get")]), own="Ab3_")
    assert decode(good).own == "Ab3_"
    with pytest.raises(UserError) as caught:
        decode(f"{good.removesuffix('Ab3_')}{own}")
    assert str(caught.value) == "token cannot be decoded: four letters follow its '.' (mistyped or cut off?)"


LETTERS = string.ascii_letters + string.digits + "-_"


def test_nearly_every_single_wrong_letter_is_noticed() -> None:
    """One byte of checksum: 1 in 256 passes. Of these 63 * 24 or so texts, fewer than 20 do."""
    steps = [("a", "x.get"), ("b", "x.get"), ("a", "x.get"), ("b", "y.put"), ("a", "x.put")]
    good = encode("toy/x", Schedule.of(steps))
    head, payload = good.rsplit(":", 1)
    passed = 0
    for i, right in enumerate(payload):
        for wrong in LETTERS.replace(right, ""):
            try:
                decode(f"{head}:{payload[:i]}{wrong}{payload[i + 1 :]}")
            except UserError:
                continue
            passed += 1
    assert passed < 20


@given(
    st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from(["x.get", "y.put", "choose n=1"])), max_size=40),
    st.integers(0, SALTS - 1),
)
def test_every_schedule_survives_the_way_through_its_token(steps: list[tuple[str, str]], salt: int) -> None:
    five = system(*"abcde")
    schedule = Schedule.of(steps)
    plan = {name: [op for context, op in steps if context == name] for name in "abcde"}
    assert led(decode(encode("toy/x", schedule, salt)), Script(**plan), five) == schedule  # type: ignore[arg-type]
