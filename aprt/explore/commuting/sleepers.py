"""Steps that sleep, as sets of bits.

A step that sleeps (Godefroid, LNCS 1032, 1996) need not be taken, as what it leads to is covered elsewhere, until a
step is done that it depends on. While it sleeps it stays the same step, so its label and its kind say which it is. A
search meets few of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from aprt.explore.commuting.bits import members
from aprt.explore.commuting.kinds import Kinds


class Sleepers:
    """The steps that may sleep, of so many contexts (`places`). A set of them is an integer.

    known: label and kind, by number of the bit. woken: by the kind of a step that is done, the sleepers that depend on
    it. own: by place of a context, its own sleepers, which wake whatever it does.
    """

    def __init__(self, kinds: Kinds, places: int) -> None:
        self.known: list[tuple[int, int]] = []
        self.woken: list[int] = []
        self.own = [0] * places
        self._meets: Sequence[int] = kinds.meets
        self._bits: dict[tuple[int, int], int] = {}

    def bit(self, label: int, kind: int, place: int) -> int:
        """The set of one step."""
        known = self._bits.get((label, kind))
        if known is None:
            known = self._bits[label, kind] = 1 << len(self.known)
            self.known.append((label, kind))
            self.own[place] |= known
            self._add(kind, known)
        return known

    def after(self, sleeping: int, kind: int, place: int) -> int:
        """What still sleeps after a step of that kind by the context in that place."""
        return sleeping & ~(self.woken[kind] | self.own[place])

    def labels(self, sleeping: int) -> list[int]:
        """The labels of steps that sleep."""
        return [label for label, _ in self.told(sleeping)]

    def of(self, told: Iterable[tuple[int, int]]) -> int:
        """The set of steps with these labels and kinds, each of which `bit` was asked for."""
        return sum([self._bits[each] for each in told])

    def told(self, sleeping: int) -> Iterator[tuple[int, int]]:
        """Label and kind of steps that sleep."""
        return (self.known[number] for number in members(sleeping))

    def _add(self, kind: int, bit: int) -> None:
        for meets in self._meets[len(self.woken) :]:  # kinds that are new
            self.woken.append(sum([self._bits[each] for each in self.known if meets >> each[1] & 1]))
        for other, meets in enumerate(self._meets):
            if meets >> kind & 1:
                self.woken[other] |= bit
