import pytest

from aprt.core.actor import Caller
from aprt.core.events import Event
from aprt.core.properties import Finding
from aprt.core.schedule import Label, Schedule
from aprt.verdict.ask import ask
from aprt.verdict.case import Case
from aprt.view.columns import columns
from tests.toy import ERAS


def event(context: str, op: str = "x.get", *chain: str, reply: object = None) -> Event:
    return Event(0, Label(context, op), op.split(".")[0], (), reply, (), None, False, Caller(context), chain)


def shown(text: str, brief: bool = False) -> list[str]:
    (shown,) = ask(Case.parse(text, ERAS)).shown
    return columns(shown.events, [shown.finding], brief=brief)


def test_two_contexts_stand_side_by_side_with_their_functions() -> None:
    assert shown("toy/lost-update") == [
        "a                                   b",
        "-                                   -",
        "thread()",
        "  bump()",
        "    counter.load() = 0",
        "                                    thread()",
        "                                      bump()",
        "                                        counter.load() = 0",
        "    counter.store(1)",
        "                                        counter.store(1)   <-- T1",
        "",
        "violates T1: counter is 1",
    ]


def test_brief_columns_keep_functions_choices_and_the_last_step_of_a_run() -> None:
    assert shown("toy/doors", brief=True) == [
        "guest",
        "-----",
        "guest()",
        "  choose door=2",
        "  choose door=3",
        "  counter.add(3) = 5   <-- T4",
        "",
        "violates T4: that is five",
    ]


def test_a_function_left_and_entered_again_is_printed_again_but_helpers_never_are() -> None:
    events = [
        event("c", "x.get", "run", "first", "_helper"),
        event("c", "x.get", "run"),
        event("c", "x.get", "run", "first"),
    ]
    assert columns(events)[2:] == ["run()", "  first()", "    x.get()", "  x.get()", "  first()", "    x.get()"]


def test_names_too_long_for_their_column_make_a_staircase() -> None:
    names = ["vcpu0", "05.0004.interrupt_control", "administrator"]
    assert columns([event(name) for name in names]) == [
        "vcpu0",
        "|                    05.0004.interrupt_control",
        "|                    |                    administrator",
        "x.get()",
        "                     x.get()",
        "                                          x.get()",
    ]


def test_contexts_beyond_the_room_share_a_column_and_sign_their_rows() -> None:
    names = ["a", "b", "c", "d", "e", "f", "g", "h"]
    lines = columns([event(name) for name in [*names, *"abcde"]])
    assert lines[0] == "a       b       c       d       e       others"
    assert [line.strip() for line in lines[7:10]] == ["f: x.get()", "g: x.get()", "h: x.get()"]
    assert {line.index(line.strip()) for line in lines[7:10]} == {40}


def test_a_row_that_does_not_fit_is_less_indented_and_then_wrapped() -> None:
    deep = [f"function{i}" for i in range(20)]
    lines = columns([event("a"), event("b", "machine.operation", *deep, reply="answer " * 10)])
    assert lines[-3:] == [
        " " * 36 + "machine.operation() = answer answer",
        " " * 40 + "answer answer answer answer answer",
        " " * 40 + "answer answer answer",
    ]


@pytest.mark.parametrize("contexts", range(1, 12))
def test_no_line_is_wider_than_a_mail(contexts: int) -> None:
    names = [f"some_context_{i}" for i in range(contexts)]
    events = [event(name, "actor_with_a_name.message", "outer", "inner", reply="long " * 30) for name in names]
    finding = Finding("P1", "words " * 40, Schedule())
    assert max(map(len, columns(events, [finding]))) <= 75
    assert max(map(len, columns(events, [finding], width=60))) <= 60


def test_no_events_are_no_table() -> None:
    assert columns([]) == ["(before the first step)"]
