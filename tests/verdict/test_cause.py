"""Why a schedule of the driver fails, and how that is told."""

from __future__ import annotations

import attrs

from aprt.cli.cases import find_case
from aprt.core.properties import DEADLOCK, Finding
from aprt.core.schedule import Label, Schedule
from aprt.explore.critical import CriticalChoice
from aprt.explore.explore import explore
from aprt.explore.minimal import minimal
from aprt.verdict.cause import STATES, Cause, cause
from aprt.vfio_ap.eras import ERAS
from aprt.view.cause_text import cause_object, why_lines
from tests.explore.programs.cells import popl
from tests.explore.programs.locking import dining
from tests.explore.test_minimal import ends_with
from tests.verdict.cases import case_of, recording_of


def found(reference: str, id: str, states: int = STATES) -> Cause:
    case = find_case(lambda: ERAS, reference, None, (), ())
    (finding,) = explore(case.model().system, case.model().select((id,))).findings
    why = cause(recording_of(case, finding.schedule), finding, states)
    assert why is not None
    return why


def test_the_freed_mdev_of_b4_is_freed_between_two_reads_of_the_handler() -> None:
    why = found("2026/remove-mdev+B4=out", "P9")
    assert [(str(pair.first), str(pair.second)) for pair in why.pairs] == [
        ("user: mdev0.free", "vm0.vcpu0: mdev0.read_handler"),
        ("vm0.vcpu0: vm0.read_hook", "user: vm0.set_hook"),
    ]
    assert [(str(one.first), str(one.second)) for one in why.order] == [
        ("vm0.vcpu0: vm0.read_hook", "user: vm0.set_hook"),
        ("user: mdev0.free", "vm0.vcpu0: mdev0.read_handler"),
    ]
    assert (why.choices, why.chosen, why.complete) == ((), (), True)


def test_that_the_vm_is_closed_before_the_device_decides_when_qemu_is_killed() -> None:
    why = found("v4/kill-qemu+wait_reset", "P1")
    assert why.choices == (CriticalChoice(Label("exit", "choose close=vm"), ("choose close=device",), proved=True),)
    assert [str(label) for label in why.chosen] == [f"exit: choose close={fd}" for fd in ("kvm-vfio", "vcpu0", "vm")]


def test_why_the_popl_program_ends_with_2_in_words_and_for_programs() -> None:
    system, property = popl(), ends_with(popl(), 2)
    case = case_of(system, property)
    shown = explore(system, [property]).findings[0].schedule
    best = minimal(system, shown, property).schedule
    finding = Finding("T", "x is 2", best)
    why = cause(recording_of(case, best), finding)
    assert why is not None
    assert (
        "\n".join(why_lines(why, why.token))
        == """\
Why
smallest    this one: 0 preemptions, 7 steps, 3 switches
            optimal: no failing schedule with fewer preemptions exists
decides     D: y.read before B: y.write
            A: x.write before D: x.write
            C: z.write before D: z.read
            (turned round, nothing that can follow fails like this)
always      C: z.write -> D: z.read
            A: x.write -> D: x.write
            D: y.read -> B: y.write
searched    40 states, all there are"""
    )
    assert f"            aprt explain {why.token}" in why_lines(why, "another")
    told = cause_object(why)
    assert told["pairs"][0] == {
        "first": ["D", "y.read", 1],
        "second": ["B", "y.write", 1],
        "waits": False,
        "proved": True,
    }
    assert told["order"][0] == {"first": ["C", "z.write", 1], "second": ["D", "z.read", 1], "how": "done"}
    assert (told["smallest"]["preemptions"], told["states"], told["complete"]) == (0, 40, True)


def test_what_was_not_searched_to_the_end_says_so() -> None:
    why = found("2026/remove-mdev+B4=out", "P9", states=100)
    lines = why_lines(why, why.token)
    assert lines[-1] == "searched    108 states, not all there are: none refutes what is above"
    assert [(str(pair.first), pair.proved) for pair in why.pairs if pair.proved] == [("user: mdev0.free", True)]
    decides = lines.index("decides     user: mdev0.free before vm0.vcpu0: mdev0.read_handler")
    assert lines[decides + 2].startswith("perhaps     reset 05.0004: hw 05.0004.finish_reset #2 before ")
    assert lines[-2] == "            vm0.vcpu0: vm0.process.fdget before user: vm0.process.close"


def test_of_many_orderings_the_text_has_some_and_says_how_many_more_there_are() -> None:
    system = dining(8)
    case = case_of(system, DEADLOCK)
    schedule = Schedule.of((f"phil{i}", f"fork{i}.lock") for i in range(8))
    why = cause(recording_of(case, schedule), Finding("deadlock", "", schedule), states=1000)
    assert why is not None
    lines = why_lines(why, why.token)
    assert len(cause_object(why)["order"]) == len(cause_object(why)["pairs"]) == 8
    assert lines.count("            and 2 more; --as json has all") == 2
    assert "decides     phil1: fork1.lock before phil0 waits for fork1.lock" in lines
    assert "always      phil1: fork1.lock -> phil0 waits for fork1.lock" in lines


def test_a_cycle_in_the_lock_order_and_what_goes_on_for_ever_have_no_such_cause() -> None:
    case = find_case(lambda: ERAS, "5.13/pv-switch", None, (), ())
    (cycle,) = explore(case.model().system, case.model().select(("P20",))).findings
    assert cause(recording_of(case, cycle.schedule), cycle) is None
    assert cause(recording_of(case, cycle.schedule), attrs.evolve(cycle, parts=(), loop=3)) is None
