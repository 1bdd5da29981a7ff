"""Which steps commute, and that the normal form names the classes of executions that differ in that only."""

from __future__ import annotations

from itertools import pairwise

import pytest

from aprt.core.execution import Execution
from aprt.explore.independence import StepInfo, dependent, foata
from tests.explore.tiny import dining, executions, increments


def step(context: str, actor: str | None, changed: bool) -> StepInfo:
    return StepInfo(context, actor, f"{actor}.op", changed)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (step("a", "x", False), step("a", "y", False), True),  # program order
        (step("a", "x", False), step("b", "x", False), False),  # two reads
        (step("a", "x", True), step("b", "x", False), True),
        (step("a", "x", False), step("b", "x", True), True),
        (step("a", "x", True), step("b", "x", True), True),
        (step("a", "x", True), step("b", "y", True), False),
        (step("a", None, False), step("b", None, False), False),  # two choices
        (step("a", None, False), step("a", "x", False), True),
    ],
)
def test_dependence_case_by_case(one: StepInfo, other: StepInfo, expected: bool) -> None:
    assert dependent(one, other) is expected
    assert (foata([one, other]) == foata([other, one])) is not expected


def steps(execution: Execution) -> tuple[StepInfo, ...]:
    return tuple(map(StepInfo.of, execution.events))


def classes(every: list[tuple[StepInfo, ...]]) -> int:
    """The classes of executions under swaps of neighbours that commute."""
    left, count = set(every), 0
    while left:
        count += 1
        todo = [left.pop()]
        while todo:
            word = todo.pop()
            for i, (a, b) in enumerate(pairwise(word)):
                swapped = (*word[:i], b, a, *word[i + 2 :])
                if not dependent(a, b) and swapped in left:
                    left.remove(swapped)
                    todo.append(swapped)
    return count


def test_the_normal_forms_are_the_classes_of_swaps() -> None:
    # interleavings and traces: two philosophers 2**2 - 2 and a deadlock; n increments (n!)**2, less what comes of
    # stores of the value that is there already, which commute with reads and with each other
    for system, interleavings, traces in (
        (dining(2, looping=False), 6, 3),
        (increments(2)[0], 6, 4),
        (increments(3)[0], 90, 27),
    ):
        every = [steps(execution) for execution in executions(system)]
        assert (len(every), classes(every), len(set(map(foata, every)))) == (interleavings, traces, traces)


def test_the_normal_form_shows_the_layers() -> None:
    word = [step("a", "x", True), step("b", "y", True), step("b", "x", False), step("c", "x", False)]
    assert foata(word) == ((("a", "x.op"), ("b", "y.op")), (("b", "x.op"), ("c", "x.op")))
