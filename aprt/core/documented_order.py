"""The lock order that a kernel documents, to hold against the one that is observed (`core.lock_order`)."""

from __future__ import annotations

from collections import deque
from typing import Literal, TypeAlias

import attrs

Standing: TypeAlias = Literal["documented", "contradicts", "undocumented"]


@attrs.frozen
class DocumentedOrder:
    """Chains of lock classes, the outer lock first: a class is taken before all that follow it in its chain.

    Chains are read together: `a` before `b` and `b` before `c` say `a` before `c`.
    innermost: classes under which no lock is asked for.
    """

    chains: tuple[tuple[str, ...], ...]
    innermost: tuple[str, ...] = ()

    @property
    def classes(self) -> frozenset[str]:
        """All that are named."""
        return frozenset(self.innermost).union(*self.chains)

    def standing(self, held: str, asked: str) -> Standing:
        """What the document says of asking for the class `asked` while `held` is held; a subclass is its class."""
        if self.against(held, asked):
            return "contradicts"
        held, asked = (name.partition("/")[0] for name in (held, asked))
        return "documented" if asked in self.innermost or self.way(held, asked) else "undocumented"

    def way(self, outer: str, inner: str) -> tuple[str, ...]:
        """The classes by way of which one comes before another, both included; empty: it does not."""
        ways, seen = deque[tuple[str, ...]]([(outer,)]), {outer}
        while ways and outer != inner:
            way = ways.popleft()
            if way[-1] == inner:
                return way
            behind = (name for chain in self.chains if way[-1] in chain for name in _behind(chain, way[-1]))
            for name in behind:
                if name not in seen:
                    seen.add(name)
                    ways.append((*way, name))
        return ()

    def against(self, held: str, asked: str) -> str:
        """What of the document contradicts asking for the class `asked` while `held` is held; empty: nothing."""
        held, asked = (name.partition("/")[0] for name in (held, asked))
        return f"{held} is innermost" if held in self.innermost else " -> ".join(self.way(asked, held))


def _behind(chain: tuple[str, ...], name: str) -> tuple[str, ...]:
    return chain[chain.index(name) + 1 :]
