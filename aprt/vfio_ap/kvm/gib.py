"""GIB: the machine's list of GISAs with something to tell, and the interrupt that says so.

    origin  "0"     the list is empty and the next insertion raises the alert interrupt (armed)
            "1"     the list is empty and insertions are silent: software is working on the list
            a GISA  the list begins there; the last GISA links to the "0" or "1" that it found when it came

Millicode inserts at the head. The processor cuts off the whole list with one exchange and stores "1", walks what
it got, and repeats until it finds the list empty; only then, with one more exchange, it stores "0". Whatever was
inserted in the meantime is in the part that some exchange returns.

Who walks which part of the list is no state of the kernel; it is kept as what the walking context owes
(`core.notes`): ("slice", GISA) for the head of a part, ("gal", GIB) for having to look at the list again,
("raise", GIB) for an interrupt that hardware is about to raise.

Mirrors: arch/s390/kvm/interrupt.c: process_gib_alert_list(), gib_alert_irq_handler(), kvm_s390_gib_init().
Left out: announcing the GIB (CHSC); the GIB's summary byte, except that it is 0 without fix B43; that next_alert is
read and then set to the GISA itself in two accesses (`Gisa.unlink` is one step).
"""

from __future__ import annotations

from typing import Final

import attrs
from pyrsistent import PMap

from aprt.core.actor import BLOCK, Actor, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.chain import mirrors
from aprt.core.notes import Broken, Note, Owes
from aprt.vfio_ap.kvm.gisa import NONE, NULL, Gisa, is_gisa
from aprt.vfio_ap.kvm.gisa_int import GisaParts
from aprt.vfio_ap.kvm.gisa_switches import V4, GisaRules

GAL_ISC: Final = 5
"""The host's ISC of alert interrupts; what registering a guest ISC returns."""


@attrs.frozen
class GibState:
    origin: str = NULL
    gal: bool = False  # an alert interrupt is pending in the host
    walkers: tuple[str, ...] = ()  # contexts that process the list, sorted; kept with destroy_synchronizes only


@attrs.frozen(eq=False)
class Gib(Actor[GibState]):
    """The one of the machine."""

    rules: GisaRules = V4

    atomic = ("*",)

    def initial(self) -> GibState:
        return GibState()

    @handler(reads="origin", writes="origin")
    def push(self, state: GibState, by: Caller, gisa: str) -> Outcome[GibState, str]:
        """Hardware, in the middle of an insertion: the list begins with `gisa`. Replies what it began with."""
        due = ("raise", self.name) if state.origin == NULL else ("slice", state.origin)
        notes = () if state.origin == NONE else (Owes(due, 1),)
        return attrs.evolve(state, origin=gisa), state.origin, notes

    @handler(reads="", writes="gal")
    def raise_gal(self, state: GibState, by: Caller) -> Outcome[GibState, None]:
        """Hardware: the alert interrupt. Without fix B43 nobody is called for it."""
        notes = (Owes(("raise", self.name), -1),)
        return attrs.evolve(state, gal=self.rules.gal_handled), None, notes

    @handler(reads="gal", writes="gal")
    def accept(self, state: GibState, by: Caller) -> Outcome[GibState, None]:
        """The host takes the alert interrupt; blocks until there is one."""
        if not state.gal:
            return BLOCK
        return attrs.evolve(state, gal=False), None, (Owes(("gal", self.name), 1),)

    @handler(reads="origin", writes="origin")
    def exchange(self, state: GibState, by: Caller, origin: str) -> Outcome[GibState, str]:
        """Cut the whole list off. `origin`: "1", the caller will come back; "0", it is done when it has walked."""
        notes = self._duty(by, origin)
        if is_gisa(state.origin):
            notes += (Owes(("slice", state.origin), 1),)
        return _with(state, origin), state.origin, notes

    @handler(reads="origin", writes="origin")
    def store(self, state: GibState, by: Caller, origin: str) -> Outcome[GibState, None]:
        """A plain store (mutant gib_rearm_early). Finding: a list that nobody took is lost."""
        notes = self._duty(by, origin)
        if is_gisa(state.origin):
            notes += (Broken("P27", f"{by.context} arms alerts over the list that begins with {state.origin}"),)
        return _with(state, origin), None, notes

    @handler(reads="walkers", writes="walkers")
    def begin_walk(self, state: GibState, by: Caller) -> Outcome[GibState, None]:
        """The caller processes the list from now on."""
        return attrs.evolve(state, walkers=tuple(sorted((*state.walkers, by.context)))), None

    @handler(reads="walkers", writes="walkers", orders="release")
    def end_walk(self, state: GibState, by: Caller) -> Outcome[GibState, None]:
        """Every timer is started that the caller owed."""
        return attrs.evolve(state, walkers=tuple(c for c in state.walkers if c != by.context)), None

    @handler(reads="walkers", orders="acquire")
    def synchronize(self, state: GibState, by: Caller) -> Outcome[GibState, None]:
        """Blocks while anybody processes the list, as synchronize_irq() would."""
        return BLOCK if state.walkers else (state, None)

    def _duty(self, by: Caller, origin: str) -> tuple[Note, ...]:
        """The change in whether the caller has to look at the list again."""
        key = ("gal", self.name)
        now, then = key in dict(by.owed), origin == NONE
        return () if now == then else (Owes(key, then - now),)


def _with(state: GibState, origin: str) -> GibState:
    return state if origin == state.origin else attrs.evolve(state, origin=origin)


async def make_pending(gib: Gib, gisa: Gisa, isc: int) -> None:
    """Hardware makes a guest's ISC pending, and tells the host if it has to. Run by whatever interrupts.

    Source: `docs/reference/model.md`, "GIB and the alert list"; inferred from what the kernel relies on.
    """
    if not await gisa.make_pending(isc):
        return
    old = await gib.push(gisa.name)
    await gisa.link(old)
    if old == NULL:
        await gib.raise_gal()


@mirrors("gib_alert_irq_handler")
async def gal_interrupt(gib: Gib, vms: PMap[str, GisaParts]) -> None:
    """Daemon: the host's handler of alert interrupts. vms: by GISA name."""
    while True:
        await gib.accept()
        await process_gib_alert_list(gib, vms)


async def process_gib_alert_list(gib: Gib, vms: PMap[str, GisaParts]) -> None:
    """Take every GISA off the alert list and start its VM's timer; alerts are armed again on return.

    Nothing keeps a VM alive meanwhile. Between a GISA's leaving the list and the start of the timer its VM may
    be destroyed and freed: gisa_destroy sees the GISA in no list, and cancels a timer that is yet to be started.
    """
    if gib.rules.destroy_synchronizes:
        await gib.begin_walk()
    if gib.rules.gib_rearm_early:
        await _walk(await gib.exchange(NONE), vms)
        await gib.store(NULL)
    else:
        await _empty(gib, vms)
    if gib.rules.destroy_synchronizes:
        await gib.end_walk()


async def _empty(gib: Gib, vms: PMap[str, GisaParts]) -> None:
    end, final = NULL, False
    while not final:
        final = end == NONE
        end = await _walk(await gib.exchange(NULL if final else NONE), vms)


async def _walk(origin: str, vms: PMap[str, GisaParts]) -> str:
    """Unlink a part of the list, GISA by GISA; returns what ended it, NULL or NONE."""
    while is_gisa(origin):
        parts = vms[origin]
        origin = await parts.gisa.unlink()
        await parts.interrupt.restart_timer()
    return origin
