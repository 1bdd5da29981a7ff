"""What a search that keeps traces, but not states, may check; and what it must keep in order to do so.

Such a search runs each trace in one of its orders. A check is judged right only if it says the same in every order:

- `NoDeadlock`, `AtEnd` and `Noted` look at the end of a trace, or at one step of it. They are right as they are.
- `Always` compares the states of some actors: the changes of all of them are put in one order (they depend on each
  other), and then the same combinations come up in every order of the rest.
- `Before` and `After` compare them when a certain message is handled: those messages and the changes depend on each
  other.
- `History` follows the messages of some actors, reads too: all of those depend on each other.
- A check may ask what contexts hold (`View.held`, `View.inflight`), of a certain lock or resource. Then steps that take
  it or give it back count as changes. What a check asks is known only when it does: it raises `Unordered`, and the
  search begins anew with more order (`in_order`), or gives up.
- `NoHang`, `NoLivelock` and `Eventually` speak of the state graph, and are refused.

The additional order makes for more traces, so a search without such checks takes fewer executions. "Visible" steps are
those of Peled, "All from one, one for all", CAV 1993; kept apart here by groups of actors rather than all together.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, Final, Literal, NoReturn, Protocol, TypeAlias, overload

import attrs

from aprt.core.actor import Actor
from aprt.core.caller import Caller
from aprt.core.errors import UserError
from aprt.core.events import Event
from aprt.core.notes import Gave, Note, Owes, Took
from aprt.core.properties import After, Always, Before, Check, History, Property, endless
from aprt.core.system import View
from aprt.explore.commuting.independence import CHANGE, READ, StepInfo, Use, declares
from aprt.explore.result import Exploration

Message: TypeAlias = tuple[str, str]  # actor, op
Holding: TypeAlias = tuple[Literal["held", "inflight"], Hashable]  # a lock, or a resource
_INSTEAD: Final = "use --strategy states"


class Unordered(UserError):
    """A check asked for something that contexts hold and that is not kept in order. Uncaught, it is a refusal."""

    def __init__(self, id: str, check: Check, holding: Holding) -> None:
        kind, name = holding
        super().__init__(
            f"property {id} asks for {kind}({name!r}) along the way, which not every order of a trace shows; {_INSTEAD}"
        )
        self.check, self.holding = check, holding


@attrs.frozen
class Group:
    """Steps that a check must see in one order: *changes* of what it looks at, and *looks*, at which it does.

    A step is a change if it changes an actor in `changes`, if it takes or gives back something in `holdings`, or if it
    is any message to an actor in `every`. It is a look if it is a message in `looks`. Looks need no order among
    themselves; nor do changes if they are `unordered`, but each needs its order with the looks.
    """

    changes: frozenset[str] = frozenset()
    holdings: frozenset[Holding] = frozenset()
    unordered: bool = False
    looks: frozenset[Message] = frozenset()
    every: frozenset[str] = frozenset()

    def uses(self, step: StepInfo, notes: Iterable[Note] | None) -> tuple[Use, ...]:
        """How a step that left these notes (None: it may leave any) uses the group, taken for an object."""
        found = []
        changed = step.actor in self.every or (step.changed and step.actor in self.changes)
        held = bool(self.holdings) if notes is None else not self.holdings.isdisjoint(map(_holding, notes))
        if changed or held:
            found.append(Use(self, CHANGE, frozenset({CHANGE} if self.unordered else ())))
        if step.actor is not None and (step.actor, step.op.removeprefix(f"{step.actor}.")) in self.looks:
            found.append(Use(self, READ, frozenset({READ})))
        return tuple(found)


class Visibility:
    """What the checks of some properties see, as more dependence of steps. asked: by check, what it asks of contexts.

    groups: without them nothing is added. properties: as given, but their checks raise `Unordered` when they ask for
    more.

    Raises: `UserError` when a check needs the state graph.
    """

    def __init__(
        self, properties: Iterable[Property] = (), asked: Mapping[Check, frozenset[Holding]] = MappingProxyType({})
    ) -> None:
        self._given, self._asked = tuple(properties), asked
        for property in self._given:
            if endless(property):
                raise UserError(
                    f"property {property.id} asks what can be reached from each state, not in a trace; {_INSTEAD}"
                )
        self.properties = tuple(
            attrs.evolve(p, checks=tuple(self._limited(p.id, check) for check in p.checks)) for p in self._given
        )
        groups = (_group(check, self._holdings(check)) for p in self._given for check in p.checks)
        self.groups = tuple(dict.fromkeys(group for group in groups if group is not None))

    def wider(self, unordered: Unordered) -> Visibility:
        """The same, but what the check asked for is kept in order, too."""
        holdings = self._holdings(unordered.check) | {unordered.holding}
        return Visibility(self._given, {**self._asked, unordered.check: holdings})

    def extend(self, step: StepInfo, notes: Iterable[Note] | None = ()) -> StepInfo:
        """The step, which left these notes (None: it may leave any), with what checks see of it among its uses."""
        seen = tuple([use for group in self.groups for use in group.uses(step, notes)])
        return attrs.evolve(step, uses=(*step.uses, *seen)) if seen else step

    def _holdings(self, check: Check) -> frozenset[Holding]:
        return self._asked.get(check, frozenset())

    def _limited(self, id: str, check: Check) -> Check:
        """The check, which can no longer ask for more than is kept in order. One of end states may ask for anything."""
        match check:
            case Always():
                return attrs.evolve(check, test=partial(_limited, id, check, check.test, self._holdings(check)))
            case Before() | After():
                return attrs.evolve(check, test=partial(_limited, id, check, check.test, self._holdings(check)))
            case _:
                return check


class Run(Protocol):
    """A search with some visibility. It raises `Unordered` where a check asks for more."""

    def explore(self) -> Exploration: ...

    def close(self) -> None:
        """Give back what it holds."""


def in_order(properties: Iterable[Property], begin: Callable[[Visibility], Run]) -> Exploration:
    """The answer of a search that begins anew, with more order, until all that its checks ask for is kept in order."""
    visibility = Visibility(properties)
    while True:
        run = begin(visibility)
        try:
            return run.explore()
        except Unordered as unordered:
            visibility = visibility.wider(unordered)
        finally:
            run.close()


def _group(check: Check, holdings: frozenset[Holding]) -> Group | None:
    """What a check must see in order; None when steps are in that order anyway."""
    match check:
        case Always(reads):
            ordered = not holdings and not any(map(declares, reads)) and len(reads) < 2
            return None if ordered else Group(_names(reads), holdings)
        case Before(actor, op, reads) | After(actor, op, reads):
            others = [other for other in reads if other != actor or declares(actor)]
            looks = frozenset({(actor.name, op)})
            return Group(_names(others), holdings, True, looks) if others or holdings else None
        case History(_, concerns):
            return Group(every=_names(concerns))
        case _:
            return None


def _names(actors: Iterable[Actor[Any]]) -> frozenset[str]:
    return frozenset(actor.name for actor in actors)


def _holding(note: Note) -> Holding | None:
    """What a context took or gave back."""
    match note:
        case Took(hold):
            return "held", hold.lock
        case Gave(lock):
            return "held", lock
        case Owes(resource):
            return "inflight", resource
        case _:
            return None


def _limited(
    id: str, check: Check, test: Callable[..., str | None], known: frozenset[Holding], view: View, *event: Event
) -> str | None:
    return test(_LimitedView(view.states, _Hidden(id), view, known, partial(Unordered, id, check)), *event)


@attrs.frozen(eq=False)
class _LimitedView(View):
    """A view that tells of what contexts hold only what is `known`. whole: the view of everything."""

    whole: View = View({})
    known: frozenset[Holding] = frozenset()
    unordered: Callable[[Holding], Exception] = RuntimeError

    def inflight(self, resource: Hashable) -> int:
        self._seen(("inflight", resource))
        return self.whole.inflight(resource)

    def held(self, lock: str) -> bool:
        self._seen(("held", lock))
        return self.whole.held(lock)

    def _seen(self, holding: Holding) -> None:
        if holding not in self.known:
            raise self.unordered(holding)


class _Hidden(Sequence[Caller]):
    """Stands for all that contexts hold, and refuses a check that looks at it."""

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
        raise UserError(f"property {self._id} looks at all that contexts hold, in any order of steps; {_INSTEAD}")
