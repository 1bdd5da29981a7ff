import attrs
import pytest

from aprt.core.caller import Caller
from aprt.core.events import Event
from aprt.core.finding import Finding
from aprt.core.notes import Gave, Hold, Irq, Note, Took
from aprt.core.schedule import Label, Schedule
from aprt.core.system import Context, System
from aprt.explore.replay import replay
from aprt.kernel.cell import Cell
from aprt.kernel.held import held
from aprt.kernel.mutex import Mutex
from aprt.kernel.rules import RULES
from aprt.verdict.ask import ask
from aprt.verdict.case import Case
from aprt.view.columns import columns
from aprt.view.words import in_c
from tests.detect.hearing import turns
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


LOCK, NUMBER = Mutex("lock"), Cell("number", 0)


async def outer() -> None:
    async with held(LOCK):
        pass
    await LOCK.lock()
    await NUMBER.add(1)
    await inner()


async def inner() -> None:
    await NUMBER.add(1)
    await LOCK.lock()


async def releases() -> None:
    await NUMBER.read()
    await LOCK.unlock()
    await NUMBER.read()
    await LOCK.unlock()


def misused(steps: str) -> list[str]:
    """The brief columns of these contexts' steps."""
    system = System((LOCK, NUMBER), (Context("a", outer), Context("b", releases)))
    return columns(replay(system, turns(system, steps), RULES).events, brief=True)


def test_brief_columns_keep_where_a_lock_was_taken_that_its_holder_takes_again() -> None:
    assert misused("a*") == [
        "a",
        "-",
        "outer()",
        "  mutex_lock(lock)",
        "  inner()",
        "    mutex_lock(lock)",
    ]


def test_brief_columns_keep_where_a_lock_was_taken_or_given_back_before_a_wrong_unlock() -> None:
    taken = ["outer()", "mutex_lock(lock)", "number.add(1) = 1", "[holds lock]", "releases()", "lock.unlock()"]
    assert [line.strip() for line in misused("a*4 b*2")[2:]] == taken
    assert [line.strip() for line in misused("b*4")[2:]] == ["releases()", "lock.unlock()"]
    given = ["outer()", "mutex_lock(lock)", "releases()", "lock.unlock()", "lock.unlock()"]
    assert [line.strip() for line in misused("a b*4")[2:]] == given


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


def test_a_column_begins_where_its_longest_row_fits() -> None:
    deep = [f"function{i}" for i in range(12)]
    lines = columns([event("a"), event("b", "machine.operation", *deep)])
    assert lines[-1] == " " * (75 - len("machine.operation()")) + "machine.operation()"
    assert lines[0] == "a" + " " * 31 + "b"


def test_a_row_that_fits_nowhere_goes_on_below_its_beginning() -> None:
    lines = columns([event("a"), event("b", "machine.operation", "outer", "inner", reply="answer " * 10)])
    assert lines[-5:] == [
        " " * 36 + "outer()",
        " " * 38 + "inner()",
        " " * 40 + "machine.operation() = answer answer",
        " " * 44 + "answer answer answer answer",
        " " * 44 + "answer answer answer answer",
    ]


def test_an_indentation_leaves_room_for_the_text() -> None:
    deep = [f"function{i}" for i in range(40)]
    assert columns([event("a", "machine.operation", *deep, reply="answer " * 3)])[-2:] == [
        " " * (75 - 24) + "machine.operation() =",
        " " * (75 - 24 + 4) + "answer answer answer",
    ]


def test_a_row_is_broken_at_blanks_and_never_inside_a_name() -> None:
    long = event("b", "vm0.process.close-files-of-the-guest", reply="kvm-vfio " * 5)
    lines = [line.strip() for line in columns([event("a"), long])[3:]]
    assert lines == ["vm0.process.close-files-of-the-guest()", "= kvm-vfio kvm-vfio kvm-vfio", "kvm-vfio kvm-vfio"]


def test_every_step_that_breaks_something_is_marked() -> None:
    events = [event("a", "x.first"), event("a", "x.second"), event("a", "x.third")]
    found = [Finding(id, "wrong", Schedule.of([("a", "x")] * n)) for id, n in (("P1", 3), ("P2", 1), ("P3", 3))]
    assert columns(events, found)[2:5] == ["x.first()   <-- P2", "x.second()", "x.third()   <-- P1, P3"]
    assert columns(events, found, brief=True)[2:4] == ["x.first()   <-- P2", "x.third()   <-- P1, P3"]


def test_what_is_broken_in_the_last_state_of_a_whole_execution_is_said_to_be_so_at_the_end() -> None:
    found = [Finding("P1", "wrong", Schedule.of([("a", "x")] * 2))]
    assert columns([event("a"), event("a")], found, ended=True)[2:4] == ["x.get()", "x.get()   <-- P1, at the end"]
    assert columns([event("a")] * 3, found, ended=True)[2:5] == ["x.get()", "x.get()   <-- P1", "x.get()"]


def test_what_comes_three_times_or_more_stands_there_once() -> None:
    polls = [event("a", "x.poll")] * 5
    again = [event("a", "x.unmap", "run"), event("a", "x.unpin", "run", "notify")] * 3
    assert columns([event("a", "x.start"), *polls, *again, event("a", "x.end", "run")])[2:] == [
        "x.start()",
        "x.poll()",
        "[4 more times]",
        "run()",
        "  x.unmap()",
        "  notify()",
        "    x.unpin()",
        "  [these 3 lines 2 more times]",
        "  x.end()",
    ]
    twice = [event("a", "x.poll")] * 2
    assert columns(twice)[2:] == ["x.poll()"] * 2


def test_what_comes_again_in_another_context_or_breaks_something_is_not_left_out() -> None:
    assert (
        columns([event("a"), event("b"), event("a"), event("b"), event("a"), event("b")])[2:]
        == [
            "x.get()",
            " " * 36 + "x.get()",
        ]
        * 3
    )
    found = [Finding("P1", "wrong", Schedule.of([("a", "x")] * 3))]
    assert columns([event("a")] * 3, found)[2:5] == ["x.get()", "x.get()", "x.get()   <-- P1"]


def test_a_mark_without_room_stands_below() -> None:
    found = [Finding("P1", "wrong", Schedule.of([("b", "x")] * 2))]
    assert columns([event("a"), event("b", "x.get", reply="a" * 26)], found)[3:5] == [
        " " * 36 + f"x.get() = {'a' * 26}",
        " " * 38 + "<-- P1",
    ]


def locking(context: str, hold: Hold, op: str, held: tuple[Hold, ...], reply: object = None) -> Event:
    note: Note = Took(hold) if hold not in held else Gave(hold.lock)
    caller = Caller(context, held)
    return Event(0, Label(context, f"{hold.lock}.{op}"), hold.lock, (), reply, (note,), None, True, caller, ())


def test_locks_are_taken_and_given_as_in_the_kernel_and_told_when_their_holder_stands_aside() -> None:
    mutex, spin, sem = Hold("m"), Hold("s", atomic=True), Hold("r", "read")
    events = [
        locking("a", mutex, "trylock", (), True),
        locking("a", sem, "down_read", (mutex,)),
        locking("b", spin, "lock", ()),
        locking("a", sem, "up_read", (mutex, sem)),
        locking("a", mutex, "unlock", (mutex,)),
    ]
    assert [line.strip() for line in columns(events, [Finding("P1", "wrong", Schedule())])[2:]] == [
        "mutex_trylock(m) = True",
        "down_read(r)",
        "[holds m, r]",
        "spin_lock(s)",
        "up_read(r)",
        "mutex_unlock(m)",
        "",
        "violates P1: wrong",
        "locks held then: s by b",
    ]


@pytest.mark.parametrize(
    ("masks", "taken", "given"),
    [
        (None, "spin_lock(s)", "spin_unlock(s)"),
        ("softirq", "spin_lock_bh(s)", "spin_unlock_bh(s)"),
        ("hardirq", "spin_lock_irqsave(s)", "spin_unlock_irqrestore(s)"),
    ],
)
def test_a_lock_that_is_taken_with_interrupts_off_says_so_as_in_the_kernel(
    masks: Irq | None, taken: str, given: str
) -> None:
    spin = Hold("s", atomic=True, masks=masks)
    assert in_c(locking("a", spin, "lock", ())) == taken
    assert in_c(locking("a", spin, "unlock", (spin,))) == given


@pytest.mark.parametrize("contexts", range(1, 12))
def test_no_line_is_wider_than_a_mail(contexts: int) -> None:
    names = [f"some_context_{i}" for i in range(contexts)]
    events = [event(name, "actor_with_a_name.message", "outer", "inner", reply="long " * 30) for name in names]
    finding = Finding("P1", "words " * 40, Schedule())
    assert max(map(len, columns(events, [finding]))) <= 75
    assert max(map(len, columns(events, [finding], width=60))) <= 60


def test_no_events_are_no_table() -> None:
    assert columns([]) == ["(before the first step)"]


def test_a_name_that_fits_nowhere_is_broken_behind_a_bracket() -> None:
    long = attrs.evolve(event("b", "vm0.gisa_int.test_and_set_kicked"), args=("vm0.vcpu0",), reply=False)
    lines = columns([event("a"), long], width=52)
    assert [line.strip() for line in lines[-2:]] == ["vm0.gisa_int.test_and_set_kicked(", "vm0.vcpu0) = False"]


def test_three_dashes_are_no_line_of_a_commit_message() -> None:
    assert columns([event("gal")])[:2] == ["gal", "----"]
