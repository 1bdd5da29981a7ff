"""What a search that keeps traces, but not states, may check; and what it must keep in order to do so.

Such a search runs each trace in one of its orders. A check is judged right only if it says the same in every order:

- `NoDeadlock`, `AtEnd` and `Noted` look at the end of a trace, or at one step of it. They are right as they are.
- `Always` compares the states of some actors: the changes of all of them are put in one order (they depend on each
  other), and then the same combinations come up in every order of the rest.
- `Before` and `After` compare them when a certain message is handled: those messages and the changes depend on each
  other.
- `History` follows the messages of some actors, reads too: all of those depend on each other.
- What the contexts hold (`View.held`, `View.inflight`) changes with steps on locks that nobody else sees: a check that
  asks, other than at an end, is refused. So is `NoHang`, which speaks of the state graph.

The additional order makes for more traces, so a search without such checks takes fewer executions. "Visible" steps are
those of Peled, "All from one, one for all", CAV 1993; kept apart here by groups of actors rather than all together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final, NoReturn, TypeAlias, overload

import attrs

from aprt.core.actor import Actor, Caller
from aprt.core.errors import UserError
from aprt.core.events import Event
from aprt.core.properties import Actors, After, Always, Before, Check, History, NoHang, Property
from aprt.core.system import View
from aprt.explore.independence import CHANGE, READ, StepInfo, Use, declares

Message: TypeAlias = tuple[str, str]  # actor, op
_INSTEAD: Final = "use --strategy states"


@attrs.frozen
class Group:
    """Steps that a check must see in one order.

    changes: actors whose changes count. unordered: whether they need no order among themselves, only with the looks.
    looks: messages at which the check looks; they need no order among themselves. every: actors of which all
    messages count, as changes do.
    """

    changes: frozenset[str] = frozenset()
    unordered: bool = False
    looks: frozenset[Message] = frozenset()
    every: frozenset[str] = frozenset()

    def uses(self, step: StepInfo) -> tuple[Use, ...]:
        """How the step uses the group, as if that was an object that steps share."""
        found = []
        if step.actor in self.every or (step.changed and step.actor in self.changes):
            found.append(Use(self, CHANGE, frozenset({CHANGE} if self.unordered else ())))
        if step.actor is not None and (step.actor, step.op.removeprefix(f"{step.actor}.")) in self.looks:
            found.append(Use(self, READ, frozenset({READ})))
        return tuple(found)


class Visibility:
    """What the checks of some properties see, as more dependence of steps. groups: without them nothing is added.

    properties: as given, but their checks refuse to look at what contexts hold: they raise `UserError` then.

    Raises: `UserError` when a check needs the state graph.
    """

    def __init__(self, properties: Iterable[Property] = ()) -> None:
        given = tuple(properties)
        checks = [(p.id, check) for p in given for check in p.checks]
        for id, check in checks:
            if isinstance(check, NoHang):
                raise UserError(f"property {id} asks what can be reached from each state, not in a trace; {_INSTEAD}")
        self.properties = tuple(attrs.evolve(p, checks=tuple(_modest(p.id, c) for c in p.checks)) for p in given)
        self.groups = tuple(dict.fromkeys(group for _, check in checks if (group := _group(check)) is not None))

    def extend(self, step: StepInfo) -> StepInfo:
        """The step with what it shows to the checks among its uses."""
        seen = tuple(use for group in self.groups for use in group.uses(step))
        return attrs.evolve(step, uses=(*step.uses, *seen)) if seen else step


def _group(check: Check) -> Group | None:
    """What a check must see in order; None when steps are in that order anyway."""
    match check:
        case Always(reads):
            return None if _ordered(reads) else Group(changes=_names(reads))
        case Before(actor, op, reads) | After(actor, op, reads):
            others = [other for other in reads if other != actor or declares(actor)]
            return Group(_names(others), True, frozenset({(actor.name, op)})) if others else None
        case History(_, concerns):
            return Group(every=_names(concerns))
        case _:
            return None


def _ordered(reads: Actors) -> bool:
    return len(reads) == 0 or (len(reads) == 1 and not declares(reads[0]))


def _names(actors: Iterable[Actor[Any]]) -> frozenset[str]:
    return frozenset(actor.name for actor in actors)


def _modest(id: str, check: Check) -> Check:
    """The check, unable to look at what contexts hold unless that is settled: at an end."""
    match check:
        case Always():
            return attrs.evolve(check, test=partial(_without_callers, id, check.test))
        case Before() | After():
            return attrs.evolve(check, test=partial(_without_callers, id, check.test))
        case _:
            return check


def _without_callers(id: str, test: Callable[..., str | None], view: View, *event: Event) -> str | None:
    return test(View(view.states, _Hidden(id)), *event)


class _Hidden(Sequence[Caller]):
    """In the place of what contexts hold."""

    def __init__(self, id: str) -> None:
        self._id = id

    @overload
    def __getitem__(self, index: int) -> Caller: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Caller]: ...
    def __getitem__(self, index: int | slice) -> NoReturn:
        self._refuse()

    def __len__(self) -> int:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise UserError(
            f"property {self._id} looks at what contexts hold along the way, which not every order of a trace shows; "
            f"{_INSTEAD}"
        )
