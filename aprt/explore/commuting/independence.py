"""Which two steps commute: the one place where that is written down.

Two steps are **dependent** when the same context does both, or when both are messages to the same actor and at least
one of them changed it. All others commute: done in either order they give the same replies and the same state.
Whether a step changed its actor is read off the execution, so a failed trylock counts as a read.

It is decided per actor, never per field of its state: a handler that may BLOCK looks at whatever it likes. Finer only
is what handlers declare (`core.actor.Handler`):

- changes by handlers that *commute* with each other (the readers of an rwsem) are independent;
- a *put* into a queue and a *take* from it are independent, except that an item is taken after it was put, and in a
  queue with room for n items put n + k times after it was taken k times. Which put and take these are is counted along
  the execution (`numbered`). Whatever else looks at the queue depends on both.

An oops ends the execution, so it depends on every step that might have come before it.

Checks that compare actors add to this what they must see in one order (`explore.commuting.visibility`).

The Foata normal form lists the steps of an execution in layers: each step stands right behind the last layer that
holds a step it depends on. Executions that differ only in the order of commuting steps have the same form, so it
names the Mazurkiewicz trace (Diekert and Rozenberg, The Book of Traces, 1995, section 1.5).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable
from functools import cache
from typing import Any, Final, Literal, TypeAlias

import attrs

from aprt.core.actor import Actor, Handler
from aprt.core.effects import Call
from aprt.core.events import Event
from aprt.core.notes import Oops

READ: Final = "read"
CHANGE: Final = "change"

Token: TypeAlias = tuple[str, Literal["item", "room"], int]
"""What one end of an actor's queue needs and the other gives: its k-th item, or the room for that."""


@attrs.frozen
class Use:
    """How a step uses an object. way: in a word. commutes: the ways that commute with it, when other contexts use them.

    Two ways that commute both say so.
    """

    object: Hashable
    way: str
    commutes: frozenset[str] = frozenset()

    def meets(self, other: Use) -> bool:
        """Whether the order of the two uses matters."""
        return self.object == other.object and other.way not in self.commutes


@attrs.frozen
class Queue:
    """Which end of its actor's queue a step used. size: the items there before it. room: see `Handler`."""

    end: Literal["put", "take"]
    size: int
    room: int | None


@attrs.frozen
class StepInfo:
    """What independence looks at. actor: None for a choice. op: as labels print it, with the choice made.

    uses: derived from the rest unless given; the same for all steps of a trace, in whatever order they come.
    needs, gives: filled in by `numbered`. oops: the execution ends with this step.
    """

    context: str
    actor: str | None
    op: str
    changed: bool
    uses: tuple[Use, ...] = attrs.field()
    queue: Queue | None = None
    oops: bool = False
    needs: Token | None = None
    gives: Token | None = None

    @uses.default
    def _plain(self) -> tuple[Use, ...]:
        return () if self.actor is None else (plain_use(self.actor, self.changed),)

    @classmethod
    def of(cls, event: Event, actor: Actor[Any] | None = None) -> StepInfo:
        """The step of an event. actor: the one that handled it; without it, what its handlers declare counts for
        nothing, and more steps are dependent."""
        oops = bool(event.notes) and any(isinstance(note, Oops) for note in event.notes)
        plain = event.context, event.actor, event.label.op, event.changed
        if actor is None or not event.changed:
            return cls(*plain, oops=oops)
        found = actor.handler(event.op)
        return cls(*plain, (_change(actor, found),), _queue(actor, found, event.state), oops)

    @classmethod
    def declared(cls, context: str, call: Call[Any]) -> StepInfo:
        """A step that nobody has seen, as its handler declares it: it changes what the footprint names, if anything."""
        found = call.actor.handler(call.op)
        use = _change(call.actor, found) if found.writes else plain_use(call.actor.name, False)
        return cls(context, call.actor.name, str(call), bool(found.writes), uses=(use,))


def plain_use(actor: str, changed: bool) -> Use:
    """The use of an actor by a message about which nothing is declared."""
    return Use(actor, CHANGE) if changed else Use(actor, READ, frozenset({READ}))


def declares(actor: Actor[Any]) -> bool:
    """Whether changes of an actor by different contexts may commute."""
    kind: Any = type(actor)
    return _declares(kind)


@cache
def _declares(kind: Any) -> bool:
    handlers = (getattr(kind, name, None) for name in dir(kind))
    return any(isinstance(h, Handler) and bool(h.commutes or h.queue) for h in handlers)


def dependent(a: StepInfo, b: StepInfo) -> bool:
    """Whether the order of two steps matters.

    Steps of one execution must be `numbered`, or an item's put and its take look independent. Steps that are possible
    in one state need not be: those are independent.
    """
    if a.context == b.context or a.oops or b.oops:
        return True
    return any(x.meets(y) for x in a.uses for y in b.uses) or _waits(a, b) or _waits(b, a)


def _waits(a: StepInfo, b: StepInfo) -> bool:
    return a.needs is not None and a.needs == b.gives


def _change(actor: Actor[Any], found: Handler[Any, ..., Any]) -> Use:
    """The use of an actor by a message that changes it."""
    if found.puts is not None or found.takes is not None:
        ends = ("put", "take") if found.puts is not None else ("take", "put")
        return Use(actor.name, ends[0], frozenset(ends[1:]))
    if found.commutes:
        return Use(actor.name, _own_way(found.op), frozenset(map(_own_way, found.commutes)))
    return plain_use(actor.name, True)


def _own_way(op: str) -> str:
    return f"{op}()"


def _queue(actor: Actor[Any], found: Handler[Any, ..., Any], after: Any) -> Queue | None:
    if found.puts is not None:
        return Queue("put", len(getattr(after, found.puts)) - 1, actor.room(found))
    return None if found.takes is None else Queue("take", len(getattr(after, found.takes)) + 1, None)


def numbered(steps: Iterable[StepInfo]) -> list[StepInfo]:
    """The steps of one execution, with `needs` and `gives` filled in: what goes through a queue is counted.

    The numbers are the same in every order of steps that commute: a put commutes with takes of other items, and then
    there are as many items less in the queue as takes more before it. Behind a change that is neither, which depends
    on both ends, they may start over.
    """
    taken: Counter[str] = Counter()
    found = []
    for step in steps:
        found.append(number(step, taken[str(step.actor)]))
        taken[str(step.actor)] += is_take(step)
    return found


def number(step: StepInfo, taken: int) -> StepInfo:
    """The step, numbered, when that many takes on its actor came before it in the execution."""
    if step.actor is None or step.queue is None:
        return step
    if step.queue.end == "take":
        return attrs.evolve(step, needs=(step.actor, "item", taken), gives=(step.actor, "room", taken))
    item, room = taken + step.queue.size, step.queue.room
    needs: Token | None = None if room is None else (step.actor, "room", item - room)
    return attrs.evolve(step, needs=needs, gives=(step.actor, "item", item))


def is_take(step: StepInfo) -> bool:
    """Whether `numbered` counts the step."""
    return step.queue is not None and step.queue.end == "take"


def foata(steps: Iterable[StepInfo]) -> Hashable:
    """The Foata normal form of an execution: equal for two of one system iff they are the same trace."""
    layers: list[list[tuple[str, str]]] = []
    # the layer behind the last one that has a step of the context; a use of the object, by way; what gives the token
    context: defaultdict[str, int] = defaultdict(int)
    used: defaultdict[Hashable, dict[str, int]] = defaultdict(dict)
    given: dict[Token, int] = {}
    for step in numbered(steps):
        layer = len(layers) if step.oops else context[step.context]
        for use in step.uses:
            for way, behind in used[use.object].items():
                if behind > layer and way not in use.commutes:
                    layer = behind
        if step.needs is not None:
            layer = max(layer, given.get(step.needs, 0))
        context[step.context] = layer + 1
        for use in step.uses:
            ways = used[use.object]
            ways[use.way] = max(ways.get(use.way, 0), layer + 1)
        if step.gives is not None:
            given[step.gives] = layer + 1
        if layer == len(layers):
            layers.append([])
        layers[layer].append((step.context, step.op))
    return tuple(tuple(sorted(layer)) for layer in layers)
