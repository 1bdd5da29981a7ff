"""What a verdict rests on: which parts of the model the executions went through, and which they never did.

"Holds" only says that whatever happened was right. So a certificate lists what never happened: properties that no step
was about, messages that nobody handled, contexts that never took a step, lines that no step entered, choices that
always had one option, answers that were never given.

It also says which detectors the search stands in for. A detector (`aprt.detect`) reports what it sees in one
execution; a property asks the same of all executions. A detector counts as *on* when such a property was asked about.

Actors are named by *kind*, the name of their class. `verdict.gaps` decides which unhandled messages are worth naming.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

from aprt.core.actor import Actor
from aprt.core.exercise import Exercise
from aprt.core.properties import NoDeadlock, NoHang, NoLivelock, Property, ordering
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
        "unlock": frozenset({"K2"}),
        "use-after-free": frozenset({"P9"}),
        "leak": frozenset({"P5", "P6", "P7"}),
        "refcount": frozenset({"K3", "P21"}),
    }
)
"""For each kind of detector, the numbers of the properties that ask for what it reports."""

GRANULARITY = "one message handled, or one choice made, is one step"


@attrs.frozen
class Exercised:
    """What happened, and what did not. A message is named `Kind.message`."""

    contexts: tuple[str, ...]  # contexts that took a step
    idle: tuple[str, ...]  # contexts that never did
    handled: int  # how many of the messages were handled
    messages: int  # how many there are of all kinds of actors
    never: Mapping[str, tuple[str, ...]]  # by kind, messages never handled; without the kinds in `absent`
    absent: tuple[str, ...]  # kinds that handled no message at all
    gaps: tuple[str, ...]  # messages never handled that the verdict has to name (`verdict.gaps`)
    called: tuple[str, ...]  # other messages never handled that lines in `branches` would have sent
    waited: tuple[str, ...]  # messages sent and never handled: each time the sender waited for ever
    branches: tuple[Branch, ...]  # lines never entered, by file and line
    single: tuple[str, ...]  # choices that always had one option
    answers: tuple[str, ...]  # of messages answered by a truth value, the value never given: `Kind.message: False`
    vacuous: tuple[str, ...]  # numbers of properties that no step was about
    unrun: tuple[str, ...] = ()  # functions of patches in force that no step entered, as `FILE.py:NAME: pqap`

    @property
    def unexercised(self) -> int:
        """How many properties, messages and functions of patches the verdict has to name."""
        return len(self.vacuous) + len(self.gaps) + len(self.unrun)


@attrs.frozen
class Certificate:
    """What a verdict rests on. Properties are named by their numbers."""

    model: str  # the model's hash (`model_hash`)
    checked: tuple[str, ...]  # the properties that were asked about, and those implied
    unchecked: tuple[str, ...]  # the others of the model
    detectors: Mapping[str, tuple[str, ...]]  # by kind, those asked about that stand in for it; none: it is off
    exercised: Exercised | None  # None where the search did not come to its end


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
        case "hang" if any(isinstance(check, NoDeadlock | NoHang | NoLivelock) for check in property.checks):
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
