"""What a verdict rests on: which parts of the model the executions went through, and which they never did.

"Holds" says no more than that what happened was right. What never happened is told: properties that nothing is about,
messages that nobody handled, contexts that never took a step, lines that no step entered, choices without a choice,
answers that were never given.

What a detector reports of one execution (`aprt.detect`), a search asks of all, as a property. A detector is *on* where
such a property is asked about; of the lock order without what interrupts do, which no property asks for.

Actors are told by *kind*, the name of their class. Which messages that were never handled are named is for
`verdict.gaps` to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

from aprt.core.actor import Actor
from aprt.core.exercise import Exercise
from aprt.core.properties import NoDeadlock, NoHang, Property, ordering
from aprt.detect.kinds import KINDS
from aprt.verdict.branches import Branch, branches_of
from aprt.verdict.gaps import Message, gaps_and_others, word
from aprt.verdict.left_out import replaced
from aprt.verdict.model_hash import model_hash
from aprt.verdict.verdict import Verdict

_REPORTED: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "hang": frozenset({"P32", "P33"}),
        "lost-wakeup": frozenset({"P30", "P31"}),
        "atomic-sleep": frozenset({"P23"}),
        "guard": frozenset({"P22"}),
        "use-after-free": frozenset({"P9"}),
        "leak": frozenset({"P5", "P6", "P7"}),
        "refcount": frozenset({"K3", "P21"}),
    }
)
"""By the kind of a detector: numbers of the properties that ask for what it reports."""

GRANULARITY = "one message handled, or one choice made, is one step"


@attrs.frozen
class Exercised:
    """What happened, and what did not.

    contexts, idle: those that took a step, and those that never did. handled: how many of the `messages` of all kinds
    were. never: the others, by kind. absent: the kinds of which not one was handled, which are not in `never`.
    gaps: messages that were not handled and matter, as `Kind.message`. called: others that were not, which code calls
    in lines that were not entered, of functions that were. waited: those that were sent and not handled, since every
    context had to wait with them for ever. branches: never entered, in order of file and line. single: choices that
    never had but one option. answers: messages that may be answered with True or False, and never were with this one,
    as `Kind.message: False`. vacuous: numbers of properties. unrun: of the patches in force the functions that no step
    entered, as `FILE.py:NAME: pqap`.
    """

    contexts: tuple[str, ...]
    idle: tuple[str, ...]
    handled: int
    messages: int
    never: Mapping[str, tuple[str, ...]]
    absent: tuple[str, ...]
    gaps: tuple[str, ...]
    called: tuple[str, ...]
    waited: tuple[str, ...]
    branches: tuple[Branch, ...]
    single: tuple[str, ...]
    answers: tuple[str, ...]
    vacuous: tuple[str, ...]
    unrun: tuple[str, ...] = ()

    @property
    def unexercised(self) -> int:
        """How many properties, messages and functions of patches the verdict has to name."""
        return len(self.vacuous) + len(self.gaps) + len(self.unrun)


@attrs.frozen
class Certificate:
    """model: its hash (`model_hash`). checked, unchecked: the properties that were asked about or are implied, and the
    model's others.

    detectors: by the kind of each, which of those asked about ask for what it reports; none: it is off.
    exercised: None where it is not known: in a search that did not come to its end.
    """

    model: str
    checked: tuple[str, ...]
    unchecked: tuple[str, ...]
    detectors: Mapping[str, tuple[str, ...]]
    exercised: Exercised | None


def certify(verdict: Verdict) -> Certificate:
    """What a verdict rests on. It takes some hundredths of a second."""
    model, exploration = verdict.model, verdict.exploration
    asked = {property.id for property in verdict.properties}
    checked = tuple(property.id for property in model.properties if property.id in asked or property.implied)
    exercise, vacuous = exploration.exercise, exploration.unexercised
    return Certificate(
        model_hash(model),
        checked,
        tuple(property.id for property in model.properties if property.id not in checked),
        {kind: tuple(p.id for p in verdict.properties if _reports(kind, p)) for kind in KINDS},
        None if exercise is None or vacuous is None else _exercised(verdict, exercise, vacuous),
    )


def _reports(kind: str, property: Property) -> bool:
    match kind:
        case "lock-order":
            return ordering(property)
        case "hang" if any(isinstance(check, NoDeadlock | NoHang) for check in property.checks):
            return True
        case _:
            return property.id in _REPORTED.get(kind, ())


def _exercised(verdict: Verdict, exercise: Exercise, vacuous: tuple[str, ...]) -> Exercised:
    model = verdict.model
    kinds: dict[type[Any], list[Actor[Any]]] = {}
    for actor in model.system.actors:
        kinds.setdefault(type(actor), []).append(actor)
    messages = {(kind, op) for kind, actors in kinds.items() for op in actors[0].messages()}
    kind_of = {actor.name: type(actor) for actor in model.system.actors}
    handled = {(kind_of[name], op) for name, op in exercise.handled}
    waited = {(kind_of[name], op) for name, op in exercise.waited}
    never = sorted(messages - handled, key=word)
    present = sorted({kind for kind, _ in handled}, key=lambda kind: kind.__name__)
    branches = tuple(sorted(branches_of(exercise.missed, {op for _, op in messages})))
    gaps, called = gaps_and_others(verdict.properties, kinds, never, branches)
    contexts = [context.name for context in model.system.contexts]
    return Exercised(
        contexts=tuple(name for name in contexts if name in exercise.contexts),
        idle=tuple(name for name in contexts if name not in exercise.contexts),
        handled=len(handled),
        messages=len(messages),
        never={kind.__name__: ops for kind in present if (ops := tuple(op for other, op in never if other is kind))},
        absent=tuple(sorted(kind.__name__ for kind in kinds if kind not in present)),
        gaps=tuple(map(word, gaps)),
        called=tuple(map(word, called)),
        waited=tuple(map(word, sorted(waited - handled, key=word))),
        branches=branches,
        single=tuple(f"{who}: {what}" for (who, what), options in sorted(exercise.choices.items()) if len(options) < 2),
        answers=tuple(_unanswered(kind_of, exercise, handled)),
        vacuous=vacuous,
        unrun=tuple(one.told for one in replaced(verdict.case.settings) if not one.entered(exercise)),
    )


def _unanswered(kind_of: Mapping[str, type[Any]], exercise: Exercise, handled: Iterable[Message]) -> Iterator[str]:
    given = {(kind_of[name], op, answer) for (name, op), answer in exercise.answers}
    for kind, op in sorted(handled, key=word):
        returns = getattr(kind, op).run.__annotations__.get("return")
        if isinstance(returns, str) and returns.endswith(", bool]"):
            for answer in (True, False):
                if (kind, op, answer) not in given:
                    yield f"{word((kind, op))}: {answer}"
