"""Why a schedule of the driver fails, and how that is told."""

from __future__ import annotations

import attrs

from aprt.cli.cases import find_case
from aprt.core.effects import choose
from aprt.core.finding import Finding
from aprt.core.properties import DEADLOCK, Eventually, Property
from aprt.core.schedule import Label, Schedule
from aprt.core.system import Context, System, View
from aprt.explore.explore import explore
from aprt.explore.failures.critical import CriticalChoice, CriticalPair
from aprt.explore.failures.minimal import minimal
from aprt.kernel.cell import Cell
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
searched    40 states, all there are up to a failure"""
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
    assert lines.count("            and 2 more; --format json has all") == 2
    assert "decides     phil1: fork1.lock before phil0 waits for fork1.lock" in lines
    assert "always      phil1: fork1.lock -> phil0 waits for fork1.lock" in lines


def test_where_no_execution_ends_without_a_violation_nothing_decides() -> None:
    sure, not_sure = found("2026/assign-twice+B16=out", "P14"), found("2026/assign-twice+B16=out", "P14", states=5)
    assert (sure.inevitable, sure.complete, not_sure.inevitable, not_sure.complete) == (True, True, False, False)
    assert why_lines(sure, sure.token)[3:] == [
        "decides     nothing: no execution ends without a violation of this property",
        "searched    12 states, all there are up to a failure",
    ]
    oops = found("2026/second-mdev+B17=out", "P16")  # some end with that of another property
    assert (oops.inevitable, oops.pairs, oops.choices) == (False, (), ())
    assert why_lines(oops, oops.token)[3:5] == [
        "decides     no order of two steps, and no choice, by itself",
        "always      nothing that tells executions that fail from others",
    ]


def test_a_cycle_in_the_lock_order_has_no_such_cause() -> None:
    case = find_case(lambda: ERAS, "5.13/pv-switch", None, (), ())
    (cycle,) = explore(case.model().system, case.model().select(("P20",))).findings
    assert cause(recording_of(case, cycle.schedule), cycle) is None


def test_why_a_vm_that_ends_while_its_gisa_is_listed_goes_round_for_ever() -> None:
    why = found("2026/end-listed+B10=out", "P33")
    assert (
        "\n".join(why_lines(why, why.token))
        == """\
Why
smallest    this one: 0 preemptions, 4 steps, 0 switches; then the last
              step again and again, for ever
            shortest: no schedule leads there in fewer steps
decides     nothing: no execution ends without a violation of this property
goes on     user goes round: vm0.gisa.in_alert_list
wanted      nothing that anybody does in this scenario ends it
meanwhile   waiting: gal for gib.accept, vm0.timer for vm0.gisa_int.fire
fair        nobody is neglected: no other context can take a step
searched    4 states, all there are up to a failure"""
    )


def test_why_a_request_of_the_host_waits_for_ever_where_its_interrupt_cannot_be_enabled() -> None:
    why = found("2026/host-no-irq+B47=out", "P49")
    lines = why_lines(why, why.token)
    assert lines[4:12] == [
        "goes on     ioctl0 waits for aq.wait_reply",
        "wanted      ap_tasklet: aq.read, then ioctl0 can go on; but ap_tasklet",
        "              waits for ap_tasklet.take",
        "            ap_poll_timer: ap_tasklet.queue, then ap_tasklet can go on; but",
        "              ap_poll_timer waits for ap_poll_timer.fire",
        "            nothing that anybody else does makes ap_poll_timer go on",
        "meanwhile   waiting: irq for hw 05.0004.finish_irq, reset for hw",
        "              05.0004.finish_reset, reply for hw 05.0004.answer",
    ]
    assert cause_object(why)["endless"]["needs"] == [
        {"context": "ap_tasklet", "op": "aq.read", "for": "ioctl0"},
        {"context": "ap_poll_timer", "op": "ap_tasklet.queue", "for": "ap_tasklet"},
    ]


FLAG = Cell("flag", 0)


def of_a_flag(*contexts: Context) -> tuple[Cause, list[str]]:
    """Why it is never set."""

    def unset(view: View) -> str | None:
        return None if view(FLAG).value else "the flag is not set"

    system = System((FLAG, Cell("x", 0)), contexts)
    property = Property("set", "the flag is set sooner or later", (Eventually((FLAG,), unset),))
    (finding,) = explore(system, [property]).findings
    why = cause(recording_of(case_of(system, property), finding.schedule), finding)
    assert why is not None
    return why, why_lines(why, why.token)


def test_the_order_that_leads_to_a_loop_decides() -> None:
    async def asks() -> None:
        if await Cell("x", 0).read() == 0:
            await FLAG.write(1)
        while not await FLAG.read():
            pass

    async def writes() -> None:
        await Cell("x", 0).write(1)

    why, lines = of_a_flag(Context("asks", asks), Context("writes", writes))
    (pair,) = why.pairs
    assert (str(pair.first), str(pair.second), pair.proved) == ("writes: x.write", "asks: x.read", True)
    assert [(str(one.first), str(one.second), one.how) for one in why.order] == [
        ("writes: x.write", "asks: x.read", "done")
    ]
    assert "goes on     asks goes round: flag.read" in lines
    assert "fair        nobody is neglected: no other context can take a step" in lines


def test_a_choice_that_may_always_be_made_alike_keeps_a_loop_going() -> None:
    async def hardware() -> None:
        while await choose("ready", "no", "yes") == "no":
            pass
        await FLAG.write(1)

    _, lines = of_a_flag(Context("hardware", hardware))
    assert lines[3:] == [
        "            shortest: no schedule leads there in fewer steps",
        "decides     hardware chooses ready=no, and not ready=yes",
        "            (chosen otherwise, nothing that can follow fails like this)",
        "goes on     hardware goes round: choose ready=no",
        "wanted      hardware: flag.write, which ends it; but hardware goes round",
        "fair        hardware chooses ready=no each time; ready=yes would end it,",
        "              and need never be chosen",
        "always      hardware chooses ready=no",
        "searched    3 states, all there are up to a failure",
    ]


def test_an_order_that_decides_is_turned_round_and_a_choice_is_made_otherwise() -> None:
    why = found("v4/kill-qemu+wait_reset", "P1")
    both = attrs.evolve(why, pairs=(CriticalPair(Label("a", "x.set"), Label("b", "x.get"), waits=False, proved=True),))
    lines = why_lines(both, both.token)
    start = lines.index("decides     a: x.set before b: x.get")
    assert lines[start + 1 : start + 4] == [
        "            (turned round, nothing that can follow fails like this)",
        "            exit chooses close=vm, and not close=device",
        "            (chosen otherwise, nothing that can follow fails like this)",
    ]
