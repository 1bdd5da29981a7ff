"""What a search exercised (`core.exercise`), from the local steps that it learned.

In a complete search every local step that was learned is taken by some execution; of a random one it must be said which
were taken. Nothing is noted down during a search. Afterwards the steps are looked at, which are few, however many the
states; and they are run once more, to see which lines of the model they go through.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

import attrs

from aprt.core.effects import Call, Choose
from aprt.core.exercise import Exercise
from aprt.explore.checking.checks import Due
from aprt.explore.checking.lines import missed
from aprt.explore.learned.tables import Learned, Tables
from aprt.explore.result import Question


def exercised(question: Question, tables: Tables[Due], taken: Collection[int] | None = None) -> Exercise:
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
    question: Question, tables: Tables[Due], learned: Iterable[Learned]
) -> Iterator[tuple[str, Call[Any] | Choose[Any]]]:
    """By context, the choices that it had, and the calls that it had to wait with."""
    for each in learned:
        effect = tables.effect(each.place, each.control)
        if isinstance(effect, Choose) or (isinstance(effect, Call) and not each.steps):
            yield question.system.contexts[each.place].name, effect


def _learned(tables: Tables[Due], taken: Collection[int] | None) -> Iterator[Learned]:
    """What was learned, but of its steps only those that were taken; what blocks has none, and stays."""
    if taken is None:
        yield from tables.everything()
        return
    for each in tables.everything():
        steps = tuple(number for number in each.steps if number in taken)
        if steps or not each.steps:
            yield attrs.evolve(each, steps=steps)
