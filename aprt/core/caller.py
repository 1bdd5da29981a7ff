"""Who performs a step: a context, with the locks that it holds and what it owes."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import attrs

from aprt.core.notes import Broken, Gave, Hold, Irq, Note, Oops, Owes, Remark, Took


@attrs.frozen
class Caller:
    """The context that performs a step, with what it holds. Part of the context's control state.

    held: locks, outermost first. owed: resources not yet on record, sorted, no zero counts.
    """

    context: str
    held: tuple[Hold, ...] = ()
    owed: tuple[tuple[Hashable, int], ...] = ()

    def holds(self, lock: str) -> bool:
        return any(hold.lock == lock for hold in self.held)

    @property
    def atomic(self) -> Hold | None:
        """The innermost held lock under which sleeping is not allowed, if any."""
        return next((hold for hold in reversed(self.held) if hold.atomic), None)

    @property
    def irq(self) -> Irq | None:
        """The kind of interrupt whose handler it runs, if any: a hard one interrupts a soft one, not the reverse."""
        kinds = {hold.runs for hold in self.held}
        return "hardirq" if "hardirq" in kinds else "softirq" if "softirq" in kinds else None

    def interruptible(self, irq: Irq) -> bool:
        """Whether an interrupt of that kind may come now. Soft ones come behind hard ones: they need both on."""
        off = {kind for hold in self.held for kind in (hold.runs, hold.masks)}
        return "hardirq" not in off and irq not in off

    def after(self, notes: tuple[Note, ...]) -> Caller:
        """This caller after a step that left `notes`."""
        if not notes:
            return self
        held, owed = list(self.held), dict(self.owed)
        for note in notes:
            match note:
                case Took(hold):
                    held.append(hold)
                case Gave(lock):
                    # the innermost one: a lock may be read-held twice
                    for i in reversed(range(len(held))):
                        if held[i].lock == lock:
                            del held[i]
                            break
                case Owes(resource, count):
                    owed[resource] = owed.get(resource, 0) + count
                case Broken() | Oops() | Remark():
                    pass
        if held == list(self.held) and owed == dict(self.owed):
            return self
        return Caller(self.context, tuple(held), _in_order(owed.items()))


def _in_order(owed: Iterable[tuple[Hashable, int]]) -> tuple[tuple[Hashable, int], ...]:
    return tuple(sorted([(resource, count) for resource, count in owed if count], key=repr))
