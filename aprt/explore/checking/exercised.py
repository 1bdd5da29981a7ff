"""What a search exercised (`core.exercise`), from the local steps that it learned.

In a complete search every local step that was learned is one that some execution takes; where lots were drawn, it is
said which were taken. Nothing is noted down during a search: the few steps that there are, for however many states, are
looked at afterwards, and run once more to see which lines of the model they go through.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

import attrs

from aprt.core.effects import Call, Choose
from aprt.core.exercise import Exercise
from aprt.explore.checking.checks import Note
from aprt.explore.checking.lines import missed
from aprt.explore.learned.tables import Learned, Tables
from aprt.explore.result import Question


def exercised(question: Question, tables: Tables[Note], taken: Collection[int] | None = None) -> Exercise:
    """What the steps with these numbers did, of all that were learned; None: all.

    What a context has to wait with is told in any case. Lines are looked at if the question wants a certificate.
    """
    learned = list(_learned(tables, taken))
    events = (tables.steps[number].event for each in learned for number in each.steps)
    found = Exercise.of(events, _awaited(question, tables, learned))
    if question.symmetry:
        found = found.alike(question.system.symmetry)
    return attrs.evolve(found, missed=missed(question.system, tables, learned)) if question.certify else found


def _awaited(
    question: Question, tables: Tables[Note], learned: Iterable[Learned]
) -> Iterator[tuple[str, Call[Any] | Choose[Any]]]:
    """By context, the choices that it had, and the calls that it had to wait with."""
    for each in learned:
        effect = tables.effect(each.place, each.control)
        if isinstance(effect, Choose) or (isinstance(effect, Call) and not each.steps):
            yield question.system.contexts[each.place].name, effect


def _learned(tables: Tables[Note], taken: Collection[int] | None) -> Iterator[Learned]:
    """What was learned, with the steps that were taken only, but for what blocks."""
    if taken is None:
        yield from tables.everything()
        return
    for each in tables.everything():
        steps = tuple(number for number in each.steps if number in taken)
        if steps or not each.steps:
            yield attrs.evolve(each, steps=steps)
