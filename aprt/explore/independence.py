"""Which two steps commute: the one place where that is written down.

Two steps are dependent when the same context does both, or when both are messages to the same actor and at least
one of them changed it. All others commute: done in either order they give the same replies and the same state.
Whether a step changed its actor is read off the execution, so a failed trylock, or a write of the value that is
there already, counts as a read.

The Foata normal form lists the steps of an execution in layers: each step stands right behind the last layer that
holds a step it depends on. Executions that differ only in the order of commuting steps have the same form, so it
names the Mazurkiewicz trace (Diekert and Rozenberg, The Book of Traces, 1995, section 1.5).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable

import attrs

from aprt.core.events import Event


@attrs.frozen
class StepInfo:
    """What independence looks at. actor: None for a choice. op: as labels print it, with the choice made."""

    context: str
    actor: str | None
    op: str
    changed: bool

    @classmethod
    def of(cls, event: Event) -> StepInfo:
        return cls(event.context, event.actor, event.label.op, event.changed)


def dependent(a: StepInfo, b: StepInfo) -> bool:
    """Whether the order of two steps of one execution matters."""
    if a.context == b.context:
        return True
    return a.actor is not None and a.actor == b.actor and (a.changed or b.changed)


def foata(steps: Iterable[StepInfo]) -> Hashable:
    """The Foata normal form: equal for two executions of one system iff they are the same trace."""
    layers: list[list[tuple[str, str]]] = []
    context: defaultdict[str, int] = defaultdict(int)  # one behind the last layer with a step of the context
    change: defaultdict[str, int] = defaultdict(int)  # ... with a change of the actor
    access: defaultdict[str, int] = defaultdict(int)  # ... with any message to the actor
    for step in steps:
        layer = context[step.context]
        if step.actor is not None:
            layer = max(layer, (access if step.changed else change)[step.actor])
            access[step.actor] = max(access[step.actor], layer + 1)
            if step.changed:
                change[step.actor] = layer + 1
        context[step.context] = layer + 1
        if layer == len(layers):
            layers.append([])
        layers[layer].append((step.context, step.op))
    return tuple(tuple(sorted(layer)) for layer in layers)
