"""Sets of steps that sleep: what wakes them is what they depend on, whichever of the two is met first."""

from __future__ import annotations

from aprt.explore.commuting.independence import StepInfo
from aprt.explore.commuting.kinds import Kinds
from aprt.explore.commuting.sleepers import Sleepers

READ_X, CHANGE_X, CHANGE_Y = (
    StepInfo("t", "x", "x.read", False),
    StepInfo("t", "x", "x.write", True),
    StepInfo("t", "y", "y.write", True),
)


def test_a_step_wakes_what_depends_on_it_and_what_its_own_context_would_do() -> None:
    kinds = Kinds(0)
    read, change, apart = (kinds.number(step) for step in (READ_X, CHANGE_X, CHANGE_Y))
    sleepers = Sleepers(kinds, 3)
    reader, writer, other = sleepers.bit(0, read, 0), sleepers.bit(7, change, 1), sleepers.bit(9, apart, 2)
    everything = reader | writer | other
    assert sleepers.after(everything, read, 2) == reader
    assert sleepers.after(everything, change, 2) == 0
    assert sleepers.after(everything, apart, 0) == writer


def test_kinds_and_steps_that_are_met_later_are_woken_and_wake_too() -> None:
    kinds = Kinds(0)
    sleepers = Sleepers(kinds, 3)
    reader = sleepers.bit(0, kinds.number(READ_X), 0)
    change, apart = kinds.number(CHANGE_X), kinds.number(CHANGE_Y)
    other = sleepers.bit(9, apart, 2)
    assert sleepers.after(reader | other, change, 1) == other
    assert sleepers.after(reader | other, apart, 1) == reader
    late = sleepers.bit(1, kinds.number(READ_X), 1)
    assert sleepers.after(reader | late, change, 2) == 0
    assert sleepers.bit(0, kinds.number(READ_X), 0) == reader


def test_a_set_is_told_by_labels_and_kinds_and_found_again_by_them() -> None:
    kinds = Kinds(0)
    sleepers = Sleepers(kinds, 2)
    read, change = kinds.number(READ_X), kinds.number(CHANGE_X)
    both = sleepers.bit(5, read, 0) | sleepers.bit(6, change, 1)
    assert list(sleepers.told(both)) == [(5, read), (6, change)]
    assert sleepers.labels(both) == [5, 6]
    assert sleepers.of([(6, change), (5, read)]) == both
