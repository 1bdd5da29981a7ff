"""GISA: the words of a guest's interruption state that hardware and software change behind each other's back.

One 64-bit word holds next_alert, IPM and IAM. Software changes it with compare-and-swap, millicode interlocked;
both are one step here, with one exception: putting a GISA into the alert list touches the GIB too and takes four
steps (`gib.make_pending`). In between `next_alert` is "linking", and whoever looks at next_alert blocks, so that to
software the insertion is a single action.

    next_alert   the GISA's own address: not in the alert list; else the next GISA, or "0" or "1" at the end
    IPM          pending: bit 0x80 >> isc
    IAM          armed: raise an alert when this ISC becomes pending and no vCPU takes it

Hardware knows no life time: its messages reach a freed GISA too, which is a finding of P2, and change what is in
the page as if it still were one.

`polled` is no part of the word; it stands in for time. A timer that has looked at the word and is armed again would
only do the same once more until the word changes, so it waits for that (`kick.gisa_timer`).

Mirrors: arch/s390/kvm/interrupt.c: gisa_in_alert_list() (6.1); arch/s390/include/asm/kvm_host.h: struct kvm_s390_gisa
(format 0); arch/s390/kvm/interrupt.c: gisa_set_iam(), gisa_get_ipm(), gisa_clear_ipm(), gisa_tac_ipm_gisc() (6.12).
Left out: G and C bits, format 1.
"""

from __future__ import annotations

from typing import Final

import attrs

from aprt.core.actor import BLOCK, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.notes import Broken, Note, Owes
from aprt.kernel.object import Object
from aprt.vfio_ap.ap.response import Errno
from aprt.vfio_ap.kvm.gisa_switches import V4, GisaRules

NULL: Final = "0"  # end of the alert list that was started while alerts were armed
NONE: Final = "1"  # end of one that was started while they were suppressed
LINKING: Final = "linking"
MAX_ISC: Final = 7


def bit(isc: int) -> int:
    """The bit of an ISC, 0..7, in IPM, IAM, alert mask and CR6."""
    return 0x80 >> isc


def first_isc(mask: int) -> int:
    """The ISC of highest priority in a mask that is not 0."""
    return 8 - mask.bit_length()


def is_gisa(origin: str) -> bool:
    """Whether a link of the alert list leads to another GISA."""
    return origin not in (NULL, NONE, LINKING)


@attrs.frozen
class Word:
    """The word as software reads it."""

    next_alert: str
    ipm: int
    iam: int


@attrs.frozen
class GisaState:
    next_alert: str
    ipm: int = 0
    iam: int = 0
    running: tuple[tuple[str, int], ...] = ()  # vCPUs in SIE, sorted, each with the ISCs it is open for
    live: bool = True
    polled: bool = False

    @property
    def word(self) -> Word:
        return Word(self.next_alert, self.ipm, self.iam)


@attrs.frozen(eq=False)
class Gisa(Object[GisaState]):
    """The GISA of one VM. Its name stands for its physical address."""

    atomic = ("*",)

    rules: GisaRules = V4

    def initial(self) -> GisaState:
        return GisaState(next_alert=self.unlisted)

    @property
    def unlisted(self) -> str:
        """What software writes as the address of a GISA that is in no list. Before fix B44 it is the virtual one."""
        return self.name if self.rules.physical_link or not self.rules.moved_kernel else f"{self.name} (virtual)"

    @handler(reads="next_alert iam", writes="iam polled")
    def set_iam(self, state: GisaState, by: Caller, iam: int) -> Outcome[GisaState, int]:
        """0, or -EBUSY and no change while the GISA is in the alert list."""
        if state.next_alert == LINKING:
            return BLOCK
        if state.next_alert != self.name:
            return state, Errno.EBUSY.failure
        return _with(state, attrs.evolve(state.word, iam=iam)), 0

    @handler(reads="", writes="next_alert ipm iam polled")
    def init(self, state: GisaState, by: Caller) -> Outcome[GisaState, None]:
        """All zero, and in no list."""
        return _with(state, Word(self.unlisted, 0, 0)), None

    @handler(reads="ipm next_alert", writes="ipm polled")
    def clear_ipm(self, state: GisaState, by: Caller) -> Outcome[GisaState, None]:
        """Nothing is pending any more; list and IAM stay as they are."""
        return BLOCK if state.next_alert == LINKING else (_with(state, attrs.evolve(state.word, ipm=0)), None)

    @handler(reads="ipm")
    def get_ipm(self, state: GisaState, by: Caller) -> Outcome[GisaState, int]:
        """What is pending."""
        return state, state.ipm

    @handler(reads="ipm", writes="ipm polled")
    def tac_ipm(self, state: GisaState, by: Caller, isc: int) -> Outcome[GisaState, bool]:
        """Test and clear one pending bit: True for the one caller that delivers it."""
        if not state.ipm & bit(isc):
            return state, False
        return _with(state, attrs.evolve(state.word, ipm=state.ipm & ~bit(isc))), True

    @handler(reads="next_alert ipm iam")
    def read_word(self, state: GisaState, by: Caller) -> Outcome[GisaState, Word]:
        """The whole word, to be compared later."""
        return BLOCK if state.next_alert == LINKING else (state, state.word)

    @handler(reads="next_alert ipm iam", writes="polled")
    def poll_word(self, state: GisaState, by: Caller) -> Outcome[GisaState, Word]:
        """`read_word` by the timer: from now on `changed` blocks until the word changes."""
        if state.next_alert == LINKING:
            return BLOCK
        return (state if state.polled else attrs.evolve(state, polled=True)), state.word

    @handler(reads="live polled", on_freed=True)
    def changed(self, state: GisaState, by: Caller) -> Outcome[GisaState, None]:
        """Blocks while the word is as the timer saw it. Virtual time, no access: a freed GISA may be asked too."""
        return BLOCK if state.polled and state.live else (state, None)

    @handler(reads="next_alert ipm iam", writes="iam polled")
    def restore_iam(self, state: GisaState, by: Caller, seen: Word, iam: int) -> Outcome[GisaState, bool]:
        """Compare-and-swap: IAM := iam if the word is still `seen`, even in the alert list; else False."""
        if state.next_alert == LINKING:
            return BLOCK
        notes = (Owes(("restore", self.name), -1),)
        if state.word != seen:
            return state, False, notes
        return _with(state, attrs.evolve(seen, iam=iam)), True, notes

    @handler(reads="next_alert", writes="next_alert ipm iam polled")
    def store_word(self, state: GisaState, by: Caller, word: Word) -> Outcome[GisaState, None]:
        """A plain store over whatever is there (without fix B41)."""
        return BLOCK if state.next_alert == LINKING else (_with(state, word), None)

    @handler(reads="next_alert")
    def in_alert_list(self, state: GisaState, by: Caller) -> Outcome[GisaState, bool]:
        """Whether next_alert is anything but the GISA itself."""
        return BLOCK if state.next_alert == LINKING else (state, state.next_alert != self.unlisted)

    @handler(reads="next_alert", writes="next_alert polled")
    def unlink(self, state: GisaState, by: Caller) -> Outcome[GisaState, str]:
        """The list processor takes this GISA from the head of its part of the list; replies what follows.

        It owes the VM a timer now, which will restore IAM.
        """
        if state.next_alert == LINKING:
            return BLOCK
        notes: tuple[Note, ...] = (Owes(("slice", self.name), -1), Owes(("restore", self.name), 1))
        if is_gisa(state.next_alert):
            notes += (Owes(("slice", state.next_alert), 1),)
        return _with(state, attrs.evolve(state.word, next_alert=self.name)), state.next_alert, notes

    @handler(reads="next_alert ipm iam running live", writes="next_alert ipm iam polled", on_freed=True)
    def make_pending(self, state: GisaState, by: Caller, isc: int) -> Outcome[GisaState, bool]:
        """Hardware: IPM bit on. True: an alert is due and its insertion has begun, all of IAM is off.

        No alert when a vCPU in SIE is open for the ISC (it takes the interrupt before it leaves), when IAM has
        the bit off, or when the GISA is in the list already.
        """
        if state.next_alert == LINKING:
            return BLOCK
        notes = self._freed(state, by, f"makes isc {isc} pending in")
        pending = attrs.evolve(state.word, ipm=state.ipm | bit(isc))
        taken = any(open & bit(isc) for _, open in state.running)
        listed = state.next_alert != self.name and not self.rules.insert_while_listed
        if taken or listed or not state.iam & bit(isc):
            return _with(state, pending), False, notes
        return _with(state, attrs.evolve(pending, iam=0, next_alert=LINKING)), True, notes

    @handler(reads="live", writes="next_alert polled", on_freed=True)
    def link(self, state: GisaState, by: Caller, old: str) -> Outcome[GisaState, None]:
        """Hardware: the insertion ends; `old` is what the list began with before."""
        notes = self._freed(state, by, "links an alert into")
        if is_gisa(old):
            notes += (Owes(("slice", old), -1),)
        return _with(state, attrs.evolve(state.word, next_alert=old)), None, notes

    @handler(reads="running live", writes="running", on_freed=True)
    def enter(self, state: GisaState, by: Caller, vcpu: str, open: int) -> Outcome[GisaState, None]:
        """Hardware: a vCPU is in SIE with this GISA, open for these ISCs."""
        running = tuple(sorted((*state.running, (vcpu, open))))
        return attrs.evolve(state, running=running), None, self._freed(state, by, "runs with")

    @handler(reads="ipm running live", writes="ipm running polled", on_freed=True)
    def leave(self, state: GisaState, by: Caller, vcpu: str) -> Outcome[GisaState, int | None]:
        """Hardware: a vCPU is out of SIE. Replies the ISC of the interrupt that it took before, if any."""
        rest = tuple(entry for entry in state.running if entry[0] != vcpu)
        after = attrs.evolve(state, running=rest)
        notes = self._freed(state, by, "runs with")
        takes = state.ipm & next(open for name, open in state.running if name == vcpu)
        if not takes:
            return after, None, notes
        isc = first_isc(takes)
        return _with(after, attrs.evolve(state.word, ipm=state.ipm & ~bit(isc))), isc, notes

    def _freed(self, state: GisaState, by: Caller, does: str) -> tuple[Note, ...]:
        return () if state.live else (Broken("P2", f"{by.context} {does} {self.name}, which is freed"),)


def _with(state: GisaState, word: Word) -> GisaState:
    """The state with another word, which nobody has looked at yet; the same state when it is the same word."""
    if word == state.word:
        return state
    return attrs.evolve(state, next_alert=word.next_alert, ipm=word.ipm, iam=word.iam, polled=False)
