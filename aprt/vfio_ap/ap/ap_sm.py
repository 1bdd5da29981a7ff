"""ap_sm: the state machine of a queue that the host uses itself, under one of its own (zcrypt) drivers.

    RESET_START --RAPQ--> RESET_WAIT --TAPQ 00, AQIC taken--> SETIRQ_WAIT --I is on--> IDLE, WORKING
                                     --TAPQ 00, AQIC refused------------------------> IDLE, WORKING
    IDLE --NQAP--> WORKING --the last reply--> IDLE        QUEUE_FULL: the card has no room

An event runs one function of the machine, which says what to wait for next (`Wait`). Two numbers tell what the card
still has: `count`, and the length of `pending`. Only the first decides whether anybody looks for a reply.

Mirrors: drivers/s390/crypto/ap_queue.c: ap_sm_recv(), ap_sm_read(), ap_sm_write(), ap_sm_reset(),
ap_sm_reset_wait(), ap_sm_setirq_wait(), ap_queue_message(), __ap_flush_queue(); drivers/s390/crypto/zcrypt_api.h:
struct zcrypt_queue (online).
Left out: the device states other than OPERATING, and answers that lead there; the timeout of a request (minutes), which
resets the queue and sends it again; parts of messages, bind and associate; enabling the interrupt again later; that
the poll timer is set to one of two times.
"""

from __future__ import annotations

import enum
from typing import Literal, TypeAlias

import attrs

from aprt.core.actor import BLOCK, Actor, Outcome, handler
from aprt.core.caller import Caller
from aprt.kernel.spinlock import Spinlock
from aprt.vfio_ap.ap.ap_queue import DEPTH
from aprt.vfio_ap.ap.response import Rc, Status

Sm: TypeAlias = Literal["RESET_START", "RESET_WAIT", "SETIRQ_WAIT", "IDLE", "WORKING", "QUEUE_FULL"]


class Wait(enum.IntEnum):
    """What the machine waits for, the most urgent first: nothing, the poll timer, an interrupt, a new request."""

    AGAIN = 0
    TIMEOUT = 1
    INTERRUPT = 2
    NONE = 3


@attrs.frozen
class HostQueueState:
    """Requests are named by the context that sent them, the oldest first."""

    # guarded by aq->lock:
    sm: Sm = "RESET_START"
    interrupt: bool = False  # the queue's interrupt is on
    count: int = 0  # queue_count: replies that the host believes the card still owes
    requests: tuple[str, ...] = ()  # requestq: not sent yet
    pending: tuple[str, ...] = ()  # pendingq: sent, no reply yet

    card: tuple[str, ...] = ()  # what the card really has, in the order in which it answers; no field of the kernel's
    online: bool = True  # of struct zcrypt_queue; guarded by nothing here


@attrs.frozen(eq=False)
class HostQueue(Actor[HostQueueState]):
    """One queue. polls: fix B47, without an interrupt the timer is waited for. orphans: fix B48, see `_received`."""

    atomic = ("card", "requests", "pending")  # the machine's; who sent a request waits for a completion in it

    lock: Spinlock
    polls: bool = True
    orphans: bool = True

    def initial(self) -> HostQueueState:
        return HostQueueState()

    # what the events of the machine ask and say

    @handler(reads="sm", guarded_by="lock")
    def read_sm(self, state: HostQueueState, by: Caller) -> Outcome[HostQueueState, Sm]:
        """The state that decides which function an event runs."""
        return state, state.sm

    @handler(reads="requests", guarded_by="lock")
    def has_request(self, state: HostQueueState, by: Caller) -> Outcome[HostQueueState, bool]:
        """Whether something is to be sent."""
        return state, bool(state.requests)

    @handler(reads="count", guarded_by="lock")
    def expects_reply(self, state: HostQueueState, by: Caller) -> Outcome[HostQueueState, bool]:
        """Whether the card is taken to have something."""
        return state, state.count > 0

    @handler(reads="", writes="sm interrupt card", guarded_by="lock")
    def reset_begun(self, state: HostQueueState, by: Caller) -> Outcome[HostQueueState, Wait]:
        """RAPQ was accepted."""
        return attrs.evolve(state, sm="RESET_WAIT", interrupt=False, card=()), Wait.TIMEOUT

    @handler(reads="count", writes="sm", guarded_by="lock")
    def reset_over(self, state: HostQueueState, by: Caller, enabling: bool) -> Outcome[HostQueueState, Wait]:
        """The reset has ended. enabling: AQIC was accepted, its effect is to be waited for."""
        return attrs.evolve(state, sm="SETIRQ_WAIT" if enabling else _at_work(state)), Wait.AGAIN

    @handler(reads="count pending requests card", writes="sm interrupt count requests pending card", guarded_by="lock")
    def irq_waited(
        self, state: HostQueueState, by: Caller, status: Status, received: bool
    ) -> Outcome[HostQueueState, Wait]:
        """While waiting for the interrupt to be on. received: the status is that of DQAP, not of TAPQ."""
        after = self._received(state, status) if received else state
        if status.irq_enabled:
            after = attrs.evolve(after, sm=_at_work(after), interrupt=True)
        return after, Wait.AGAIN if status.rc is Rc.NORMAL and after.count > 0 else Wait.TIMEOUT

    @handler(
        reads="interrupt count pending requests card",
        writes="sm count requests pending card",
        guarded_by="lock",
        orders="release",
    )
    def read(self, state: HostQueueState, by: Caller, status: Status) -> Outcome[HostQueueState, Wait]:
        """DQAP was answered: with a reply, or that none is waiting."""
        after = self._received(state, status)
        if after.count <= 0:
            return attrs.evolve(after, sm="IDLE"), Wait.NONE
        if status.rc is Rc.NORMAL:
            return attrs.evolve(after, sm="WORKING"), Wait.AGAIN
        return after, self._for_reply(after)

    @handler(
        reads="interrupt count requests pending card",
        writes="sm count requests pending card",
        guarded_by="lock",
        orders="release",
    )
    def written(self, state: HostQueueState, by: Caller, status: Status) -> Outcome[HostQueueState, Wait]:
        """NQAP of the oldest request was answered: 00, or that the card has no room."""
        full = attrs.evolve(state, sm="QUEUE_FULL")
        if status.rc is not Rc.NORMAL:
            return full, self._for_reply(state)
        (sent, *rest), count = state.requests, state.count + 1
        after = attrs.evolve(
            full,
            count=max(1, count) if self.orphans else count,
            requests=tuple(rest),
            pending=(*state.pending, sent),
            card=(*state.card, sent),
        )
        if after.count < DEPTH:
            return attrs.evolve(after, sm="WORKING"), Wait.AGAIN
        return after, self._for_reply(after)

    # requests, and what becomes of them

    @handler(reads="requests", writes="requests", guarded_by="lock")
    def enqueue(self, state: HostQueueState, by: Caller) -> Outcome[HostQueueState, None]:
        """A request of the caller is to be sent."""
        return attrs.evolve(state, requests=(*state.requests, by.context)), None

    @handler(reads="requests pending", sleeps=True, interruptible=True, orders="acquire")
    def wait_reply(self, state: HostQueueState, by: Caller) -> Outcome[HostQueueState, None]:
        """Blocks until the caller's request was answered, or flushed. Finding: sleeping under a spinlock."""
        if by.context in (*state.requests, *state.pending):
            return BLOCK
        return state, None

    @handler(reads="", writes="count requests pending", guarded_by="lock", orders="release")
    def flush(self, state: HostQueueState, by: Caller) -> Outcome[HostQueueState, None]:
        """Every request is ended with -EAGAIN, those too that the card has and will answer."""
        return attrs.evolve(state, count=0, requests=(), pending=()), None

    @handler(reads="online")
    def is_online(self, state: HostQueueState, by: Caller) -> Outcome[HostQueueState, bool]:
        """Whether requests may choose this queue."""
        return state, state.online

    @handler(reads="", writes="online")
    def set_online(self, state: HostQueueState, by: Caller, online: bool) -> Outcome[HostQueueState, None]:
        return attrs.evolve(state, online=online), None

    def _received(self, state: HostQueueState, status: Status) -> HostQueueState:
        """A reply, to somebody or to nobody, or none. The count is not that of the card after a flush (B48).

        With the fix it does not fall below 0, nor to 0 while the card says that it is not empty.
        """
        if status.rc is Rc.NORMAL:
            (psmid, *rest), count = state.card, state.count - 1
            if self.orphans:
                count = max(0 if status.empty else 1, count)
            pending = tuple(name for name in state.pending if name != psmid)
            state = attrs.evolve(state, count=count, pending=pending, card=tuple(rest))
        if status.empty and state.count > 0:  # the card has forgotten them: they are to be sent again
            return attrs.evolve(state, count=0, requests=(*state.pending, *state.requests), pending=())
        return state

    def _for_reply(self, state: HostQueueState) -> Wait:
        return Wait.INTERRUPT if state.interrupt or not self.polls else Wait.TIMEOUT


def _at_work(state: HostQueueState) -> Sm:
    return "WORKING" if state.count > 0 else "IDLE"
