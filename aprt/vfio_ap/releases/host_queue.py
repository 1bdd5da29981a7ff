"""Scenarios about a queue that the host uses itself: its state machine, requests and replies. No guest, no vfio_ap."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import attrs

from aprt.core.properties import DEADLOCK, NoHang, Property
from aprt.core.scenario import Model, Scenario, Settings
from aprt.core.system import Context, System
from aprt.kernel.rules import RULES
from aprt.kernel.spinlock import Spinlock
from aprt.kernel.timer import Timer, TimerState
from aprt.kernel.workqueue import Work
from aprt.vfio_ap.ap.ap_sm import HostQueue, HostQueueState
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.queue_state import ApQueueState
from aprt.vfio_ap.host.build import make_hardware
from aprt.vfio_ap.host.switches import ASSUMPTIONS
from aprt.vfio_ap.host.zcrypt_queue import BY_INTERRUPT, ZcryptQueue, offline_and_online, poll, request


def make_zcrypt_queue(settings: Settings, interrupts: bool = True) -> ZcryptQueue:
    """A queue of the host, its driver just bound. interrupts: AQIC is not refused."""
    apqn, lock = Apqn(5, 4), Spinlock("aq.lock")
    hw = attrs.evolve(make_hardware(settings, apqn), interrupts=interrupts)
    queue = HostQueue("aq", lock, polls=settings.on("B47"), orphans=settings.on("B48"))
    return ZcryptQueue(hw, queue, lock, Timer("ap_poll_timer"), Work("ap_tasklet", irq="softirq"))


def host_request(settings: Settings) -> Model:
    zq = make_zcrypt_queue(settings)
    contexts = Context("probe", partial(poll, zq)), Context("ioctl0", partial(request, zq))
    return _model(settings, zq, *contexts, scope="one request while the queue is being set up")


def host_no_irq(settings: Settings) -> Model:
    zq = make_zcrypt_queue(settings, interrupts=False)
    was_reset = {zq.queue.name: HostQueueState("RESET_WAIT"), zq.timer.name: TimerState(armed=True)}
    scope = "one request to a queue whose first reset has ended; AQIC is answered 06"
    return _model(settings, zq, Context("ioctl0", partial(request, zq)), states=was_reset, scope=scope)


def host_offline(settings: Settings) -> Model:
    zq = make_zcrypt_queue(settings)
    ready = {zq.hw.name: ApQueueState(irq=BY_INTERRUPT), zq.queue.name: HostQueueState("IDLE", interrupt=True)}
    contexts = (
        Context("ioctl0", partial(request, zq)),
        Context("ioctl1", partial(request, zq)),
        Context("admin", partial(offline_and_online, zq)),
    )
    scope = "two requests; the queue is taken offline and put online again at any step"
    return _model(settings, zq, *contexts, states=ready, scope=scope)


def _model(
    settings: Settings, zq: ZcryptQueue, *contexts: Context, scope: str, states: Mapping[str, Any] | None = None
) -> Model:
    system = System(zq.actors(), (*contexts, *zq.daemons()), states or {})
    assumptions = tuple((switch.name, settings[switch.name]) for switch in ASSUMPTIONS)
    return Model(system, (p49(zq), *RULES, DEADLOCK), ("no guest; one queue of the host", scope), assumptions)


def p49(zq: ZcryptQueue) -> Property:
    return Property(
        "P49",
        "no request waits for ever",
        (NoHang(),),
        "From every state an end can be reached: every request that a queue of the host has taken is answered, or\n"
        "given back. Source: the purpose of the poll timer and of the count of messages in the card.",
        ((zq.queue, "enqueue"),),
    )


HOST_QUEUES = (
    Scenario(
        "host-request",
        "a request to a queue that the host is just setting up",
        "The queue is reset, its interrupt enabled; a request is sent as soon as the state\n"
        "machine lets it. Interrupt or timer, somebody fetches the reply.",
        ("P49",),
        host_request,
    ),
    Scenario(
        "host-no-irq",
        "a request to a queue of the host whose interrupt cannot be enabled",
        "AQIC is refused, as it is to many a guest whose host has no interrupt for it.\n"
        "The reply has to be polled for.",
        ("P49",),
        host_no_irq,
    ),
    Scenario(
        "host-offline",
        "a queue of the host goes offline and online again under load",
        "What the card has when the queue is flushed will be answered all the same; the reply\n"
        "belongs to nobody, and is counted (B48).",
        ("P49",),
        host_offline,
    ),
)
