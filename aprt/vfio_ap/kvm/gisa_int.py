"""gisa_int: what the kernel keeps about a VM's GISA: registrations, the timer, who is idle and who was kicked.

`alert_mask` is what software wants armed, IAM in the GISA what is armed. They differ while the GISA is in the alert
list or an interrupt is being worked off; the timer, or a vCPU that goes idle, then makes them equal again
(`get_ipm_or_restore_iam`).

    timer   idle --restart--> armed --fire--> running --finish--> idle
                                                     --rearm---> armed
    cancel (and restart, which cancels first) waits while it runs

The record is part of struct kvm and dies with it (`free`, for whoever frees the VM). So does the timer in it, which
for that is a field here and no `kernel.timer`.

Mirrors: arch/s390/include/asm/kvm_host.h: struct kvm_s390_gisa_interrupt; arch/s390/kvm/interrupt.c:
gisa_get_ipm_or_restore_iam(), kvm_s390_gisa_init(), kvm_s390_gisa_clear(). A VM begins with its GISA.
Left out: expiry times; the moment between cancelling the timer and starting it again (`restart_timer` is one step);
that kvm_s390_gisa_init() sets up ref_lock anew, whoever holds it.
"""

from __future__ import annotations

from typing import Literal

import attrs

from aprt.core.actor import BLOCK, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.chain import mirrors
from aprt.core.notes import Gave, Hold, Note, Oops, Owes, Took
from aprt.kernel.held import held
from aprt.kernel.object import Object
from aprt.kernel.spinlock import Spinlock
from aprt.vfio_ap.ap.response import Errno
from aprt.vfio_ap.kvm.gisa import MAX_ISC, Gisa, bit
from aprt.vfio_ap.kvm.gisa_switches import V4, GisaRules


@attrs.frozen
class GisaIntState:
    """origin: the GISA's name, None without one. kicked, idle: vCPU names, sorted."""

    origin: str | None
    # guarded by ref_lock; the alert mask is also read without it, and cleared so by gisa_destroy since 6.6:
    alert_mask: int = 0
    ref_count: tuple[int, ...] = (0,) * (MAX_ISC + 1)

    timer: Literal["idle", "armed", "running"] = "idle"
    kicked: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()
    destroying: bool = False
    live: bool = True


@attrs.frozen(eq=False)
class GisaInt(Object[GisaIntState]):
    """The record of one VM. vm: its name. gisa: the name of its GISA, there from the start, or not at all."""

    atomic = ("alert_mask", "timer", "kicked", "idle")  # bit operations, a timer, what is read once without the lock

    vm: str
    ref_lock: Spinlock
    gisa: str = attrs.field(default=attrs.Factory(lambda self: f"{self.vm}.gisa", takes_self=True))
    rules: GisaRules = V4

    def initial(self) -> GisaIntState:
        return GisaIntState(None if self.rules.no_gisa else self.gisa)

    # the GISA

    @handler(reads="origin")
    def read_origin(self, state: GisaIntState, by: Caller) -> Outcome[GisaIntState, str | None]:
        """The GISA's name, or None."""
        return state, state.origin

    @handler(reads="origin")
    def designation(self, state: GisaIntState, by: Caller) -> Outcome[GisaIntState, str | None]:
        """The GISA's name, or None, for an AQIC; until that is answered, the caller owes ("irq_enable", vm)."""
        return state, state.origin, (Owes(("irq_enable", self.vm), 1),)

    @handler(reads="origin", writes="destroying")
    def begin_destroy(self, state: GisaIntState, by: Caller) -> Outcome[GisaIntState, str | None]:
        """gisa_destroy starts; replies the GISA's name, or None: nothing to do."""
        if state.origin is None:
            return state, None
        return attrs.evolve(state, destroying=True), state.origin

    @handler(reads="", writes="origin alert_mask timer")
    def init(self, state: GisaIntState, by: Caller) -> Outcome[GisaIntState, None]:
        """The VM gets a GISA again: nothing is wanted, the timer is idle. Who is registered stays as it was."""
        return attrs.evolve(state, origin=self.gisa, alert_mask=0, timer="idle"), None

    @handler(reads="", writes="origin destroying")
    def end_destroy(self, state: GisaIntState, by: Caller) -> Outcome[GisaIntState, None]:
        """There is no GISA any more."""
        return attrs.evolve(state, origin=None, destroying=False), None

    # registrations

    @handler(reads="origin alert_mask ref_count", writes="alert_mask ref_count", guarded_by="ref_lock")
    def register(self, state: GisaIntState, by: Caller, isc: int) -> Outcome[GisaIntState, int | None]:
        """One more user of the ISC. Replies the alert mask if it is the first: the caller then sets IAM (`_leads`)."""
        notes = (Owes(("gisc", self.vm, isc), 1),)
        counts = _counted(state, isc, 1)
        if counts[isc] > 1:
            return attrs.evolve(state, ref_count=counts), None, notes
        mask = state.alert_mask | bit(isc)
        return attrs.evolve(state, ref_count=counts, alert_mask=mask), mask, (*notes, *self._leads(state))

    @handler(reads="origin alert_mask ref_count", writes="alert_mask ref_count", guarded_by="ref_lock")
    def unregister(self, state: GisaIntState, by: Caller, isc: int) -> Outcome[GisaIntState, tuple[int, int | None]]:
        """One user less. Replies 0 or -EINVAL (there was none), and the alert mask if it was the last."""
        if state.ref_count[isc] == 0:
            return state, (Errno.EINVAL.failure, None)
        notes = (Owes(("gisc", self.vm, isc), -1),)
        counts = _counted(state, isc, -1)
        if counts[isc]:
            return attrs.evolve(state, ref_count=counts), (0, None), notes
        mask = state.alert_mask if self.rules.alert_mask_kept else state.alert_mask & ~bit(isc)
        return attrs.evolve(state, ref_count=counts, alert_mask=mask), (0, mask), (*notes, *self._leads(state))

    def _leads(self, state: GisaIntState) -> tuple[Note, ...]:
        """The oops of a caller who found a GISA, and reads the pointer to it once more when there is none."""
        return () if state.origin is not None else (Oops("P9", f"null-ptr-deref: origin of {self.name} is NULL"),)

    @handler(reads="alert_mask")
    def wanted(self, state: GisaIntState, by: Caller, ipm: int) -> Outcome[GisaIntState, int]:
        """The alert mask, read without ref_lock. When nothing in `ipm` is wanted the caller will restore IAM."""
        notes = () if ipm & state.alert_mask else (Owes(("restore", self.gisa), 1),)
        return state, state.alert_mask, notes

    @handler(reads="alert_mask", writes="alert_mask")
    def drop_alert_mask(self, state: GisaIntState, by: Caller) -> Outcome[GisaIntState, None]:
        """Nothing is wanted any more; done without ref_lock, by gisa_destroy since 6.6."""
        return (attrs.evolve(state, alert_mask=0) if state.alert_mask else state), None

    # the timer

    @handler(reads="timer", writes="timer", acquires="exclusive", orders="release")
    def restart_timer(self, state: GisaIntState, by: Caller) -> Outcome[GisaIntState, None]:
        """By the list processor: cancel the timer (blocks while its callback runs) and let it fire at once."""
        if state.timer == "running":
            return BLOCK
        return attrs.evolve(state, timer="armed"), None, (Owes(("restore", self.gisa), -1),)

    @handler(reads="timer", writes="timer", acquires="exclusive")
    def cancel_timer(self, state: GisaIntState, by: Caller) -> Outcome[GisaIntState, None]:
        """Blocks while the callback runs; afterwards the timer will not fire."""
        if state.timer == "running":
            return BLOCK
        return (attrs.evolve(state, timer="idle") if state.timer == "armed" else state), None

    @handler(reads="timer", writes="timer", on_freed=True)
    def fire(self, state: GisaIntState, by: Caller) -> Outcome[GisaIntState, None]:
        """For the timer's daemon: blocks until armed; the caller then runs the callback."""
        if state.timer != "armed":
            return BLOCK
        return attrs.evolve(state, timer="running"), None, (Took(attrs.evolve(self.hold(atomic=True), runs="hardirq")),)

    @handler(reads="", writes="timer")
    def finish(self, state: GisaIntState, by: Caller) -> Outcome[GisaIntState, None]:
        """The callback has returned: no restart."""
        return attrs.evolve(state, timer="idle"), None, (Gave(self.hold().lock),)

    @handler(reads="", writes="timer", orders="release")
    def rearm(self, state: GisaIntState, by: Caller) -> Outcome[GisaIntState, None]:
        """The callback has returned: again in 50 us."""
        return attrs.evolve(state, timer="armed"), None, (Gave(self.hold().lock),)

    # idle and kicked vCPUs

    @handler(reads="idle", writes="idle")
    def set_idle(self, state: GisaIntState, by: Caller, vcpu: str) -> Outcome[GisaIntState, None]:
        """A vCPU is about to sleep."""
        return attrs.evolve(state, idle=_added(state.idle, vcpu)), None

    @handler(reads="idle", writes="idle")
    def clear_idle(self, state: GisaIntState, by: Caller, vcpu: str) -> Outcome[GisaIntState, None]:
        """A vCPU does not sleep any more."""
        return attrs.evolve(state, idle=_removed(state.idle, vcpu)), None

    @handler(reads="idle")
    def read_idle(self, state: GisaIntState, by: Caller) -> Outcome[GisaIntState, tuple[str, ...]]:
        """The idle mask."""
        return state, state.idle

    @handler(reads="kicked", writes="kicked")
    def test_and_set_kicked(self, state: GisaIntState, by: Caller, vcpu: str) -> Outcome[GisaIntState, bool]:
        """True: it was kicked already. Else the caller owes it a wake-up: ("kick", vcpu)."""
        if vcpu in state.kicked:
            return state, True
        return attrs.evolve(state, kicked=_added(state.kicked, vcpu)), False, (Owes(("kick", vcpu), 1),)

    @handler(reads="kicked", writes="kicked")
    def clear_kicked(self, state: GisaIntState, by: Caller, vcpu: str) -> Outcome[GisaIntState, None]:
        """A vCPU that was kicked is on its way."""
        if vcpu not in state.kicked:
            return state, None
        return attrs.evolve(state, kicked=_removed(state.kicked, vcpu)), None

    def hold(self, mode: str = "exclusive", *, atomic: bool = False) -> Hold:
        """As for lockdep: a running callback is a lock that its context holds, and cancelling asks for it."""
        return Hold(f"{self.name}.timer", mode, atomic, "gisa_timer")


def _counted(state: GisaIntState, isc: int, by: int) -> tuple[int, ...]:
    return (*state.ref_count[:isc], state.ref_count[isc] + by, *state.ref_count[isc + 1 :])


def _added(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(sorted({*names, name}))


def _removed(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(other for other in names if other != name)


@attrs.frozen(eq=False)
class GisaParts:
    """A VM's side of the GISA: hardware words, software record, its lock."""

    gisa: Gisa
    interrupt: GisaInt
    ref_lock: Spinlock

    @property
    def rules(self) -> GisaRules:
        """The switches in force."""
        return self.interrupt.rules


@mirrors("kvm_s390_gisa_init")
async def gisa_init(parts: GisaParts) -> None:
    """The VM has a GISA again, in which nothing is pending or armed."""
    await parts.interrupt.init()
    await parts.gisa.init()


@mirrors("kvm_s390_gisa_clear")
async def gisa_clear(parts: GisaParts) -> None:
    """User space clears the floating interrupts: nothing is pending any more."""
    if await parts.interrupt.read_origin() is not None:
        await parts.gisa.clear_ipm()


@mirrors("gisa_get_ipm_or_restore_iam")
async def get_ipm_or_restore_iam(parts: GisaParts, *, polls: bool = False) -> int:
    """What is pending and wanted; when that is nothing, 0, and IAM is what is wanted.

    Only the word is compared: a mask that shrinks between its reading and the swap, while IAM is 0, goes unseen,
    and more is armed than wanted. Repair restore_locked: all under ref_lock. polls: the timer looks.
    """
    gisa = parts.gisa
    async with held(parts.ref_lock, when=parts.rules.restore_locked):
        while True:
            word = await (gisa.poll_word() if polls else gisa.read_word())
            mask = await parts.interrupt.wanted(word.ipm)
            if word.ipm & mask:
                return word.ipm & mask
            if await gisa.restore_iam(word, 0 if parts.rules.restore_nothing else mask):
                return 0
