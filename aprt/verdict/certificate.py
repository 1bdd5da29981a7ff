"""What a verdict rests on: which parts of the model the executions went through, and which they never did.

"Holds" says no more than that what happened was right. What never happened is told: properties that nothing is about,
messages that nobody handled, contexts that never took a step, lines that no step entered, choices without a choice,
answers that were never given.

What a detector reports of one execution (`aprt.detect`), a search asks of all, as a property. A detector is *on* where
such a property is asked about.

Actors are told by *kind*, the name of their class. The kinds of aprt's own models are parts for hundreds of scenarios,
and most of their messages are the business of others. So a message that was never handled counts as a *gap* when code
that the executions did enter calls it, in lines that they did not, or when it is the reader's own. Those of the
primitives in `aprt.kernel` are none: a lock that nobody ever tries is a lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import groupby
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import attrs

from aprt.core.actor import Actor
from aprt.core.exercise import Exercise, Function, Line
from aprt.core.properties import NoDeadlock, NoHang, Property, ordering
from aprt.core.scenario import Model
from aprt.detect.detectors import KINDS
from aprt.verdict.model_hash import model_hash
from aprt.verdict.verdict import Verdict

Message: TypeAlias = tuple[type[Any], str]
"""A kind of actors, and a message to them."""

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


@attrs.frozen(order=True)
class Branch:
    """Lines of a function, one after the other, that no step entered though the function was.

    procedure: whether it is a behaviour; else a handler, or what one calls. calls: messages sent there, as in the code.
    """

    file: str
    first: int
    last: int
    function: str
    procedure: bool
    calls: tuple[str, ...]

    @property
    def where(self) -> str:
        """`file:first-last`."""
        return f"{self.file}:{self.first}" + (f"-{self.last}" if self.last > self.first else "")


@attrs.frozen
class Exercised:
    """What happened, and what did not.

    contexts, idle: those that took a step, and those that never did. handled: how many of the `messages` of all kinds
    were. never: the others, by kind. absent: the kinds of which not one was handled, which are not in `never`.
    gaps: messages that were not handled and matter, as `Kind.message`. waited: those that were sent and not handled,
    since every context had to wait with them for ever. branches: never entered, in order of file and line. single:
    choices that never had but one option. answers: messages that may be answered with True or False, and never were
    with this one, as `Kind.message: False`. vacuous: numbers of properties.
    """

    contexts: tuple[str, ...]
    idle: tuple[str, ...]
    handled: int
    messages: int
    never: Mapping[str, tuple[str, ...]]
    absent: tuple[str, ...]
    gaps: tuple[str, ...]
    waited: tuple[str, ...]
    branches: tuple[Branch, ...]
    single: tuple[str, ...]
    answers: tuple[str, ...]
    vacuous: tuple[str, ...]

    @property
    def unexercised(self) -> int:
        """How many properties and messages the verdict has to name."""
        return len(self.vacuous) + len(self.gaps)


@attrs.frozen
class Certificate:
    """model: its hash (`model_hash`). checked, unchecked: the properties that were asked about, and the model's others.

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
    checked = tuple(property.id for property in verdict.properties)
    exercise = exploration.exercise
    return Certificate(
        model_hash(model),
        checked,
        tuple(property.id for property in model.properties if property.id not in checked),
        {kind: tuple(p.id for p in verdict.properties if _reports(kind, p)) for kind in KINDS},
        None if exercise is None else _exercised(model, exercise, exploration.unexercised or ()),
    )


def _reports(kind: str, property: Property) -> bool:
    match kind:
        case "lock-order":
            return ordering(property)
        case "hang" if any(isinstance(check, NoDeadlock | NoHang) for check in property.checks):
            return True
        case _:
            return property.id in _REPORTED.get(kind, ())


def _exercised(model: Model, exercise: Exercise, vacuous: tuple[str, ...]) -> Exercised:
    kinds: dict[type[Any], list[Actor[Any]]] = {}
    for actor in model.system.actors:
        kinds.setdefault(type(actor), []).append(actor)
    messages = {(kind, op) for kind, actors in kinds.items() for op in actors[0].messages()}
    kind_of = {actor.name: type(actor) for actor in model.system.actors}
    handled = {(kind_of[name], op) for name, op in exercise.handled}
    waited = {(kind_of[name], op) for name, op in exercise.waited}
    never = sorted(messages - handled, key=_word)
    present = sorted({kind for kind, _ in handled}, key=lambda kind: kind.__name__)
    branches = tuple(sorted(_branches(exercise.missed, {op for _, op in messages})))
    called = {each for branch in branches for call in branch.calls for each in _meant(kinds, call)}
    contexts = [context.name for context in model.system.contexts]
    return Exercised(
        contexts=tuple(name for name in contexts if name in exercise.contexts),
        idle=tuple(name for name in contexts if name not in exercise.contexts),
        handled=len(handled),
        messages=len(messages),
        never={kind.__name__: ops for kind in present if (ops := tuple(op for other, op in never if other is kind))},
        absent=tuple(sorted(kind.__name__ for kind in kinds if kind not in present)),
        gaps=tuple(_word(each) for each in never if _matters(each, called)),
        waited=tuple(map(_word, sorted(waited - handled, key=_word))),
        branches=branches,
        single=tuple(f"{who}: {what}" for (who, what), options in sorted(exercise.choices.items()) if len(options) < 2),
        answers=tuple(_unanswered(kind_of, exercise, handled)),
        vacuous=vacuous,
    )


def _word(message: Message) -> str:
    return f"{message[0].__name__}.{message[1]}"


def _matters(message: Message, called: Set[Message]) -> bool:
    kind, op = message
    home = str(getattr(kind, op).run.__module__)
    return not home.startswith("aprt.kernel.") and (message in called or not home.startswith("aprt."))


def _meant(kinds: Mapping[type[Any], Sequence[Actor[Any]]], call: str) -> list[Message]:
    """The messages that a call in the code may be: of the kind whose actors are called so, or else of any."""
    name, _, op = call.rpartition(".")
    able = [kind for kind, actors in kinds.items() if op in actors[0].messages()]
    named = [kind for kind in able if any(_last(actor.name) == name for actor in kinds[kind])]
    return [(kind, op) for kind in named or able]


def _last(name: str) -> str:
    """`gisa` of `vm0.gisa`, `hw` of `hw 05.0004`, `mdev` of `mdev1`."""
    return name.split()[0].rpartition(".")[2].rstrip("0123456789")


def _branches(missed: Mapping[Function, frozenset[Line]], messages: set[str]) -> Iterator[Branch]:
    """Runs of lines that follow each other in their function."""
    for function, lines in missed.items():
        for _, group in groupby(enumerate(sorted(lines)), lambda each: each[1].place - each[0]):
            run = _busy([line for _, line in group])
            if not run:
                continue
            sent = (call for line in run for call in line.calls if call.rpartition(".")[2] in messages)
            calls = tuple(dict.fromkeys(sent))
            first, last = run[0].number, run[-1].number
            yield Branch(function.file, first, last, function.name, function.procedure, calls)


def _busy(run: list[Line]) -> list[Line]:
    """Without lines at its ends that no step could enter."""
    busy = [place for place, line in enumerate(run) if not line.idle]
    return run[busy[0] : busy[-1] + 1] if busy else []


def _unanswered(kind_of: Mapping[str, type[Any]], exercise: Exercise, handled: Iterable[Message]) -> Iterator[str]:
    given = {(kind_of[name], op, answer) for (name, op), answer in exercise.answers}
    for kind, op in sorted(handled, key=_word):
        returns = getattr(kind, op).run.__annotations__.get("return")
        if isinstance(returns, str) and returns.endswith(", bool]"):
            for answer in (True, False):
                if (kind, op, answer) not in given:
                    yield f"{_word((kind, op))}: {answer}"
