"""What is said of races whose order leads to an oops or a deadlock that nobody asked about."""

from __future__ import annotations

import pytest

from aprt.cli.cases import find_case
from aprt.core.properties import DEADLOCK, Eventually, Property, always
from aprt.verdict.races import races
from aprt.vfio_ap.eras import ERAS
from aprt.view.paint import Paint
from aprt.view.races_text import races_text
from tests.explore.programs.locking import nested
from tests.verdict.cases import case_of


def test_the_order_of_a_free_and_a_use_is_searched_both_ways() -> None:
    found = races(find_case(lambda: ERAS, "2026/remove-mdev+B4=out", None, (), ()), ("P16",))
    use, hook = found.those("harmful")
    assert (use.swap.first, use.swap.second) == (("vm0.vcpu0", "mdev0.read_handler"), ("user", "mdev0.free"))
    assert [told.text for told in use.both] == [None, "use after free: read_handler on freed mdev0"]
    assert [told.witness.verdict for told in hook.both] == ["P9", None]
    assert [len(found.those(harm)) for harm in ("harmful", "order-only", "benign")] == [2, 1, 9]


@pytest.mark.parametrize(
    ("reference", "ids"), [("2026/create-while-walked+B20=out", ("P22",)), ("2026/reset-reenable+B5=out", ("P5", "P6"))]
)
def test_no_race_is_called_benign_where_every_execution_breaks_the_property(
    reference: str, ids: tuple[str, ...]
) -> None:
    found = races(find_case(lambda: ERAS, reference, None, (), ()))
    assert {(race.swap.harm, race.swap.verdicts) for race in found.races} == {("inevitable", ids)}
    text = " ".join(races_text(found, Paint()).split())
    assert f" always violates {' or '.join(ids)}, so none is shown harmless " in text
    assert f" inevitable={len(found.races)} benign=0 " in text


def test_the_order_of_two_locks_that_ends_in_a_deadlock_is_harmful() -> None:
    never = Property("never", "", (Eventually((), lambda view: None),))
    found = races(case_of(nested("AB", "BA"), never))
    assert (found.properties, found.left_out) == ((), ("never",))
    text = races_text(found, Paint())
    assert "    t0 first: deadlock: t0 waits for B.lock, t1 waits for A.lock\n" in text
    assert "\njudged by   no property, oops, deadlock, hang; up to the first of them\n" in text
    assert "\nleft out    never: told of all executions together\n" in text


def test_what_one_execution_does_not_break_is_left_out() -> None:
    case = find_case(lambda: ERAS, "6.2/kill-qemu+B11=out", None, (), ())
    found = races(case, ("P20",))
    assert (found.properties, found.left_out, found.states) == ((), ("P20",), races(case, ("deadlock",)).states)


def test_what_is_violated_from_the_start_is_left_out_as_well() -> None:
    system = nested("AB", "BA")
    found = races(case_of(system, always("wrong", system.actors, lambda view: "wrong"), DEADLOCK))
    assert ([p.id for p in found.properties], found.from_start) == (["deadlock"], ("wrong",))
    assert "\nleft out    wrong: violated from the start\n" in races_text(found, Paint())


class Impatient:
    """Ctrl-C at the end of the search, when its evaluation begins."""

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None:
        raise KeyboardInterrupt


def test_an_interrupt_is_told_as_one_and_no_race_is_judged() -> None:
    found = races(case_of(nested("AB", "BA")), interruptible=Impatient())
    assert (found.stopped, found.complete) == ("interrupted", False)
    text = races_text(found, Paint())
    assert ", interrupted, so no order is judged\n" in text
    assert "harmful=- order_only=- inevitable=- benign=-" in text
