import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aprt.core.errors import ReplayMismatch, UserError
from aprt.core.schedule import Label, Schedule
from aprt.core.system import Context, System
from aprt.core.token import SALTS, Segment, Token, decode, encode, follow, label_hash


async def nothing() -> None: ...


def system(*names: str) -> System:
    return System((), tuple(Context(name, nothing) for name in names))


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
    return decode(encode("toy/x", AB, Schedule.of(steps)))


def test_a_segment_is_the_position_of_its_context_and_the_hash_of_its_last_label() -> None:
    schedule = Schedule.of([("a", "x.get"), ("a", "x.get"), ("b", "x.get"), ("a", "x.put")])
    assert decode(encode("toy/x+y", AB, schedule)) == Token(
        "toy/x+y",
        (
            Segment(0, label_hash(Label("a", "x.get", 2), 0)),
            Segment(1, label_hash(Label("b", "x.get"), 0)),
            Segment(0, label_hash(Label("a", "x.put"), 0)),
        ),
    )


def test_the_text_of_a_token_does_not_change_between_releases() -> None:
    schedule = Schedule.of([("a", "x.get"), ("b", "x.get"), ("b", "y.put"), ("a", "x.get")])
    assert encode("toy/x", AB, schedule) == "aprt1:toy/x:iwKqm8ks0A"


def test_following_a_token_takes_the_very_steps_it_was_made_from() -> None:
    steps = [("a", "x.get"), ("b", "x.get"), ("a", "x.get"), ("a", "x.put"), ("b", "y.put")]
    stepper = script()
    assert follow(token(*steps), AB, stepper) == Schedule.of(steps)
    assert stepper.done == steps


def test_a_new_step_in_the_middle_of_a_segment_does_not_break_a_token() -> None:
    stepper = script(a=["x.get", "trace.emit", "x.get", "x.put"])
    followed = follow(token(("b", "x.get"), ("a", "x.get"), ("a", "x.get")), AB, stepper)
    assert [label.op for label in followed] == ["x.get", "x.get", "trace.emit", "x.get"]


def test_a_choice_in_the_middle_of_a_run_is_pinned() -> None:
    for option in ("left", "right"):
        steps = [("a", "x.get"), ("a", f"choose door={option}"), ("a", "x.put")]
        stepper = script(a=["x.get", ("choose door=left", "choose door=right"), "x.put"])
        assert follow(token(*steps), AB, stepper) == Schedule.of(steps)


def test_an_earlier_step_with_the_hash_of_the_last_ends_a_segment_of_its_own() -> None:
    target = label_hash(Label("a", "last"), 0)
    twin = next(f"op{n}" for n in range(100_000) if label_hash(Label("a", f"op{n}"), 0) == target)
    steps = [("a", "x.get"), ("a", twin), ("a", "x.put"), ("a", "last")]
    assert token(*steps).segments == (Segment(0, target), Segment(0, target))
    stepper = script(a=["x.get", twin, "x.put", "last"])
    assert follow(token(*steps), AB, stepper) == Schedule.of(steps)


def test_another_salt_tells_two_options_apart_that_share_a_hash() -> None:
    first = "choose n=0"
    wanted = label_hash(Label("a", first), 0)
    second = next(f"choose n={n}" for n in range(1, 100_000) if label_hash(Label("a", f"choose n={n}"), 0) == wanted)
    schedule = Schedule.of([("a", second)])
    found = [follow(decode(encode("t/x", AB, schedule, salt)), AB, script(a=[(first, second)])) for salt in (0, 1)]
    assert [s == schedule for s in found] == [False, True]


@pytest.mark.parametrize(
    ("changed", "step", "enabled"),
    [
        ({"a": ["x.get", None]}, 1, ("b: x.get",)),  # blocked before the step
        ({"a": ["x.get", "x.got"]}, 2, ("b: x.get",)),  # done without it
        ({"a": ["x.get", ("choose n=1", "choose n=2")]}, 1, ("a: choose n=1", "a: choose n=2", "b: x.get")),
    ],
)
def test_a_token_that_does_not_fit_says_where_and_what_is_enabled_there(changed, step, enabled) -> None:
    with pytest.raises(ReplayMismatch) as caught:
        follow(token(("a", "x.get"), ("a", "x.put")), AB, script(**changed))
    wanted = f"a to reach the step with hash {label_hash(Label('a', 'x.put'), 0):03x}"
    assert (caught.value.step, caught.value.expected, caught.value.enabled) == (step, wanted, enabled)


def test_an_endless_loop_is_no_way_to_reach_a_step() -> None:
    stepper = script()
    stepper.options = lambda context: ("spin",) if context == "a" else ()  # type: ignore[method-assign]
    stepper.step = lambda context, op: None  # type: ignore[method-assign]
    with pytest.raises(ReplayMismatch, match="diverged at step 1000"):
        follow(token(("a", "x.put")), AB, stepper)


def test_a_position_that_the_system_does_not_have_is_a_divergence() -> None:
    wide = encode("toy/x", system(*"abcd"), Schedule.of([("d", "x.put")]))
    with pytest.raises(ReplayMismatch, match=r"step 0: expected a context number 3; enabled: a: x\.get, b: x\.get"):
        follow(decode(wide), AB, script())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("aprt2:toy/x:AAAA", "token has unknown version 'aprt2' (this aprt reads 'aprt1')"),
        ("toy/x", "not a token: 'toy/x' (expected aprt1:ERA/SCENARIO:LETTERS)"),
        ("", "not a token: '' (expected aprt1:ERA/SCENARIO:LETTERS)"),
        ("aprt1:toy/x:!!!!", "token cannot be decoded: '!!!!' is not base64url"),
        ("aprt1:toy/x:äöü", "token cannot be decoded: 'äöü' is not base64url"),
        ("aprt1:toy/x:", "token cannot be decoded: checksum does not match (mistyped or cut off?)"),
        ("aprt1:toy/x:AAAA", "token cannot be decoded: checksum does not match (mistyped or cut off?)"),
    ],
)
def test_what_is_no_token_is_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        decode(text)
    assert str(caught.value) == message


LETTERS = string.ascii_letters + string.digits + "-_"


def test_nearly_every_single_wrong_letter_is_noticed() -> None:
    """One byte of checksum: 1 in 256 passes. Of these 63 * 18 or so texts, fewer than 15 do."""
    steps = [("a", "x.get"), ("b", "x.get"), ("a", "x.get"), ("b", "y.put"), ("a", "x.put")]
    good = encode("toy/x", AB, Schedule.of(steps))
    head, payload = good.rsplit(":", 1)
    passed = 0
    for i, right in enumerate(payload):
        for wrong in LETTERS.replace(right, ""):
            try:
                decode(f"{head}:{payload[:i]}{wrong}{payload[i + 1 :]}")
            except UserError:
                continue
            passed += 1
    assert passed < 15


@settings(deadline=None)  # a busy machine is no failure
@given(
    st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from(["x.get", "y.put", "choose n=1"])), max_size=40),
    st.integers(0, SALTS - 1),
)
def test_every_schedule_survives_the_way_through_its_token(steps: list[tuple[str, str]], salt: int) -> None:
    five = system(*"abcde")
    schedule = Schedule.of(steps)
    plan = {name: [op for context, op in steps if context == name] for name in "abcde"}
    assert follow(decode(encode("toy/x", five, schedule, salt)), five, Script(**plan)) == schedule  # type: ignore[arg-type]
