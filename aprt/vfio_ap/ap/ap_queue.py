"""The hardware queue: what the AP instructions do to it, and what it does late, by itself.

An instruction only starts things. AQIC answered 00 leaves `pending_irq`, a reset answered 00 leaves `pending_reset`;
daemons of the queue (`interrupt_control`, `reset_end`, and `replies` of `host.notification`) finish them, and requests,
at any later step. While a reply is being notified (NIB, then IPM, in several steps) the queue is busy with the effect
and neither a reset nor an interrupt change ends, nor is the card taken away or broken.

Source: `docs/reference/model.md`, "AP queue". Assumptions `off_is_silent`, `irq_off_at`, `aqic_while_pending` and
`reset_end` are fields of the actor. Left out: messages and their psmids, message parts, the bit that says that a code
is of an earlier operation; of the data that TAPQ with the T bit gives all but the type.
"""

from __future__ import annotations

from typing import Literal

import attrs

from aprt.core.actor import BLOCK, Actor, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.notes import Broken, Note, Oops, Owes
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.queue_state import HOST, ApQueueState, Change, Target
from aprt.vfio_ap.ap.response import NO_REPLY, SILENT, TYPED, Rc, Status

CEX4, CEX8 = 10, 14  # types of adapters, as TAPQ tells them
FOR_RESETS = frozenset({Rc.STATE_CHANGE_IN_PROGRESS})  # what only a reset is answered
UNTIL_RESET = frozenset({Rc.ASSOC_SECRET_NOT_UNIQUE, Rc.ASSOC_FAILED})  # what stays until a reset is accepted
DEPTH = 2  # requests and replies a queue has room for; the model needs no more to show a full queue


@attrs.frozen(eq=False)
class ApQueue(Actor[ApQueueState]):
    """One hardware queue of an adapter of type `hwtype`. Instructions name their user: a VM's name, or `HOST`.

    interrupts: whether AQIC enables any; a host that is itself a guest may be refused them, with 06. facility_65:
    whether the machine has AQIC at all.
    """

    atomic = ("*",)

    apqn: Apqn
    hwtype: int = CEX8
    interrupts: bool = True
    facility_65: bool = True
    off_is_silent: bool = True
    irq_off_at: str = "end"
    aqic_while_pending: str = "busy"
    reset_end: str = "tapq00"

    def initial(self) -> ApQueueState:
        return ApQueueState()

    def silent(self, state: ApQueueState) -> bool:
        """Whether nothing can come from this queue any more (assumption `off_is_silent`)."""
        return self.off_is_silent and not state.works

    def reset_over(self, state: ApQueueState) -> bool:
        """Whether the host may take its last ZAPQ for finished: it is, or (`off_is_silent`) the queue is or was off."""
        return state.zapq == "finished" or self.silent(state) or (self.off_is_silent and state.zapq == "silent")

    @handler(reads="cfg chkstop requests replies irq pending_reset next_rc zapq", writes="next_rc zapq")
    def tapq(self, state: ApQueueState, by: Caller, user: str) -> Outcome[ApQueueState, Status]:
        """Test. With `reset_end=e_seen` a running reset already answers 00, and only E tells its end."""
        refused = self._refusal(state)
        if refused is Rc.RESET_IN_PROGRESS and self.reset_end == "e_seen":
            return state, attrs.evolve(state.status, rc=Rc.NORMAL, empty=False)
        if refused is None:
            return state, state.status
        if refused in SILENT and user == HOST and state.zapq == "accepted":
            state = attrs.evolve(state, zapq="silent")
        return self._refuse(state, refused)

    @handler(reads="cfg chkstop pending_reset next_rc zapq", writes="next_rc zapq")
    def tapq_type(self, state: ApQueueState, by: Caller, user: str) -> Outcome[ApQueueState, int | None]:
        """Test with the T bit: the type of the adapter; None: the answer, 01 or an unexpected one, has none."""
        rc = self._refusal(state) or Rc.NORMAL
        if rc in SILENT and user == HOST and state.zapq == "accepted":
            state = attrs.evolve(state, zapq="silent")
        return self._spent(state, rc), self.hwtype if rc in TYPED else None

    @handler(
        reads="cfg chkstop requests replies irq pending_reset next_rc zapq",
        writes="irq pending_irq pending_reset next_rc zapq",
    )
    def reset(self, state: ApQueueState, by: Caller, kind: str, user: str) -> Outcome[ApQueueState, Status]:
        """RAPQ or ZAPQ. 00: accepted, ends later; cancels an interrupt change that has not happened yet."""
        refused = self._refusal(state, resets=True)
        host_zapq = kind == "ZAPQ" and user == HOST
        if refused is not None:
            if host_zapq and refused in SILENT:
                state = attrs.evolve(state, zapq="silent")
            elif host_zapq and state.zapq != "accepted":  # one that runs already is as good
                state = attrs.evolve(state, zapq="refused")
            return self._refuse(state, refused)
        started = attrs.evolve(
            state,
            pending_reset="ZAPQ" if kind == "ZAPQ" else "RAPQ",
            pending_irq=None,
            irq=None if self.irq_off_at == "accept" else state.irq,
            zapq="accepted" if host_zapq else state.zapq,
            next_rc=None,
        )
        return started, attrs.evolve(started.status, rc=Rc.NORMAL)

    @handler(reads="cfg chkstop requests replies irq pending_irq pending_reset next_rc", writes="pending_irq next_rc")
    def aqic(self, state: ApQueueState, by: Caller, target: Target | None) -> Outcome[ApQueueState, Status]:
        """Interrupt control by the host: on towards `target`, or off (None).

        00: accepted, takes effect later; 07: it already is so, whatever the target; 06, 08: bad operands. The address
        that a guest calls 0 is another one for the host. Finding P47: the machine does not have the instruction.
        Ends what `GisaInt.designation` began: the caller is no longer between reading the GISA and the answer.
        """
        if not self.facility_65:
            return state, state.status, (Oops("P47", f"AQIC for {self.apqn} without facility 65"),)
        notes: tuple[Note, ...] = ()
        if target is not None and target.guest != HOST:
            notes = (Owes(("irq_enable", target.guest), -1),)
        refused = self._refusal(state) or self._refusal_of_aqic(state, target)
        if refused is not None:
            after, status = self._refuse(state, refused)
            return after, status, notes
        return attrs.evolve(state, pending_irq=Change(target)), state.status, notes

    @handler(reads="cfg chkstop requests replies irq pending_reset next_rc user", writes="requests user next_rc")
    def nqap(self, state: ApQueueState, by: Caller, user: str) -> Outcome[ApQueueState, Status]:
        """Enqueue one request. From now on the queue holds something of `user`."""
        refused = self._refusal(state)
        if refused is None and state.requests + state.replies >= DEPTH:
            refused = Rc.Q_FULL
        if refused is not None:
            return self._refuse(state, refused)
        after = attrs.evolve(state, requests=state.requests + 1, user=user)
        return after, after.status, self._leak(state, user)

    @handler(reads="cfg chkstop requests replies irq pending_reset next_rc user", writes="replies user next_rc")
    def dqap(self, state: ApQueueState, by: Caller, user: str) -> Outcome[ApQueueState, Status]:
        """Dequeue one reply; `NO_REPLY` when none is waiting."""
        refused = self._refusal(state)
        if refused is None and not state.replies:
            refused = NO_REPLY
        if refused is not None:
            return self._refuse(state, refused)
        after = attrs.evolve(state, replies=state.replies - 1, user=user)
        return after, after.status, self._leak(state, user)

    @handler(reads="cfg chkstop pending_irq effect", writes="irq pending_irq")
    def finish_irq(self, state: ApQueueState, by: Caller) -> Outcome[ApQueueState, None]:
        """An accepted interrupt change takes effect. Blocks while there is none, or the queue does nothing."""
        if state.pending_irq is None or state.effect is not None or self.silent(state):
            return BLOCK
        return attrs.evolve(state, irq=state.pending_irq.to, pending_irq=None), None

    @handler(reads="cfg chkstop pending_reset effect user zapq", writes="irq pending_reset requests replies user zapq")
    def finish_reset(self, state: ApQueueState, by: Caller) -> Outcome[ApQueueState, None]:
        """An accepted reset ends: empty, interrupt off; after ZAPQ nothing of the former user is left."""
        if state.pending_reset is None or state.effect is not None or self.silent(state):
            return BLOCK
        zeroized = state.pending_reset == "ZAPQ"
        return attrs.evolve(
            state,
            pending_reset=None,
            irq=None,
            requests=0,
            replies=0,
            user=None if zeroized else state.user,
            zapq="finished" if zeroized and state.zapq == "accepted" else state.zapq,
        ), None

    @handler(reads="cfg chkstop requests replies irq pending_reset effect", writes="requests replies effect")
    def answer(self, state: ApQueueState, by: Caller) -> Outcome[ApQueueState, Target | None]:
        """The card answers a request. Replies whom to notify; the queue is busy until `notified`."""
        if not state.requests or state.pending_reset is not None or state.effect is not None or not state.works:
            return BLOCK
        target = None if state.replies else state.irq
        after = attrs.evolve(state, requests=state.requests - 1, replies=state.replies + 1, effect=target)
        return after, target

    @handler(reads="", writes="effect")
    def notified(self, state: ApQueueState, by: Caller) -> Outcome[ApQueueState, None]:
        """NIB and IPM are written; the queue is no longer busy with them."""
        return attrs.evolve(state, effect=None), None

    @handler(reads="cfg effect zapq", writes="cfg irq pending_irq pending_reset requests replies user zapq")
    def configure(
        self, state: ApQueueState, by: Caller, cfg: Literal["on", "off", "absent"]
    ) -> Outcome[ApQueueState, None]:
        """The hypervisor configures the card on or off, or takes it away. On recovery the queue is reset."""
        if state.effect is not None:
            return BLOCK
        if cfg != "on" or state.cfg == "on":
            return attrs.evolve(state, cfg=cfg), None
        zapq = "finished" if state.zapq == "accepted" else state.zapq
        return ApQueueState(chkstop=state.chkstop, next_rc=state.next_rc, zapq=zapq), None

    @handler(reads="effect", writes="chkstop")
    def checkstop(self, state: ApQueueState, by: Caller, broken: bool) -> Outcome[ApQueueState, None]:
        """The card breaks, or comes back as it was."""
        if state.effect is not None:
            return BLOCK
        return attrs.evolve(state, chkstop=broken), None

    @handler(reads="", writes="next_rc")
    def disturb(self, state: ApQueueState, by: Caller, rc: Rc) -> Outcome[ApQueueState, None]:
        """The next instruction will answer `rc`; 0a: the next reset; 35, 36: every one until a reset is accepted."""
        return attrs.evolve(state, next_rc=rc), None

    def _refusal(self, state: ApQueueState, resets: bool = False) -> Rc | None:
        """Why the queue does not perform an instruction; None: it does. resets: the instruction is RAPQ or ZAPQ."""
        if state.cfg == "absent":
            return Rc.Q_NOT_AVAIL
        if state.cfg == "off":
            return Rc.DECONFIGURED
        if state.chkstop:
            return Rc.CHECKSTOPPED
        if state.next_rc is not None and state.next_rc not in (UNTIL_RESET if resets else FOR_RESETS):
            return state.next_rc
        return Rc.RESET_IN_PROGRESS if state.pending_reset else None

    def _refusal_of_aqic(self, state: ApQueueState, target: Target | None) -> Rc | None:
        """Why AQIC in particular is not performed."""
        if state.pending_irq is not None:
            return Rc.BUSY if self.aqic_while_pending == "busy" else Rc.OTHERWISE_CHANGED
        if (target is None) == (state.irq is None):
            return Rc.OTHERWISE_CHANGED
        if target is None:
            return None
        of_host = target.guest == HOST
        if not self.interrupts or (of_host and not target.nib):
            return Rc.INVALID_ADDRESS
        return Rc.INVALID_GISA if target.gisa is None and not of_host else None

    def _refuse(self, state: ApQueueState, rc: Rc) -> tuple[ApQueueState, Status]:
        """What comes of an instruction that is not performed: the answer."""
        return self._spent(state, rc), attrs.evolve(state.status, rc=rc)

    def _spent(self, state: ApQueueState, rc: Rc) -> ApQueueState:
        """The state after the answer `rc`: the disturbance is over, unless it is for resets only or lasts until one."""
        due = state.next_rc
        stays = due is None or due in UNTIL_RESET or (due in FOR_RESETS and due is not rc)
        return state if stays else attrs.evolve(state, next_rc=None)

    def _leak(self, state: ApQueueState, user: str) -> tuple[Note, ...]:
        if state.user in (None, user):
            return ()
        return (Broken("P11", f"{user} uses {self.apqn}, which still holds something of {state.user}"),)


async def interrupt_control(queue: ApQueue) -> None:
    """Daemon: interrupt changes of the queue take effect, at any later step."""
    while True:
        await queue.finish_irq()


async def reset_end(queue: ApQueue) -> None:
    """Daemon: resets of the queue end, at any later step."""
    while True:
        await queue.finish_reset()
