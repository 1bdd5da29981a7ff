"""The lock order that a kernel documents, to hold against the one that is observed (`core.lock_order`)."""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs

Standing: TypeAlias = Literal["documented", "contradicts", "undocumented"]


@attrs.frozen
class DocumentedOrder:
    """By lock class, outer first: each class of a chain comes before all that follow it, and the chains together say
    what follows from them. innermost: classes under which nothing is asked for.
    """

    chains: tuple[tuple[str, ...], ...]
    innermost: tuple[str, ...] = ()

    @property
    def classes(self) -> frozenset[str]:
        """All that are named."""
        return frozenset(self.innermost).union(*self.chains)

    def standing(self, held: str, asked: str) -> Standing:
        """What the document says of asking for the class `asked` while `held` is held; a subclass is its class."""
        held, asked = (name.partition("/")[0] for name in (held, asked))
        if held in self.innermost or self._before(asked, held):
            return "contradicts"
        return "documented" if asked in self.innermost or self._before(held, asked) else "undocumented"

    def _before(self, outer: str, inner: str) -> bool:
        seen, new = set[str](), {outer}
        while new:
            seen |= new
            after = (name for chain in self.chains for here in new if here in chain for name in _behind(chain, here))
            new = set(after) - seen
        return inner != outer and inner in seen


def _behind(chain: tuple[str, ...], name: str) -> tuple[str, ...]:
    return chain[chain.index(name) + 1 :]
