"""Properties of the GISA and the alert list: P2, P3, P25 to P29, P33, P41.

What running procedures hold counts (`View.inflight`): ("slice", GISA), ("gal", GIB) and ("raise", GIB) are
explained in `gib`; ("restore", GISA) is held by whoever is about to restore IAM, or to start the timer that will.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from aprt.core.actor import Actor
from aprt.core.events import Event
from aprt.core.properties import After, Always, Before, Eventually, Noted, Property
from aprt.core.system import View
from aprt.vfio_ap.kvm.gib import Gib
from aprt.vfio_ap.kvm.gisa import LINKING, NULL, bit, is_gisa
from aprt.vfio_ap.kvm.gisa_int import GisaIntState, GisaParts
from aprt.vfio_ap.kvm.vcpu import Vcpu
from aprt.vfio_ap.kvm.vcpu_properties import p30, p31, p48


def gisa_properties(gib: Gib, vms: Iterable[GisaParts], vcpus: Iterable[Vcpu]) -> tuple[Property, ...]:
    """What is asked of these VMs, whose vCPUs are among `vcpus`: all of this file but P33, and `vcpu_properties`."""
    vms, vcpus = tuple(vms), tuple(vcpus)
    of = {parts.interrupt.name: tuple(v for v in vcpus if v.vm == parts.interrupt.vm) for parts in vms}
    pairs = tuple((parts, of[parts.interrupt.name]) for parts in vms)
    own = (p2(vms), p3(vms), p25(vms), p26(gib, vms), p27(gib), p28(vms), p29(vms), p30(pairs), p31(pairs))
    return (*own, p41(vms), p48(pairs))


def p2(vms: tuple[GisaParts, ...]) -> Property:
    return Property(
        "P2",
        "hardware never touches a freed GISA",
        (Noted(),),
        "Once the page of a GISA is freed, no interrupt sets IPM or links an alert in it and no vCPU runs\n"
        "with it.\n"
        "Source: end of the guarantee of the v4 review; broken by whatever leaves a queue aimed at the GISA.",
        tuple((parts.gisa, op) for parts in vms for op in ("make_pending", "link", "enter", "leave")),
    )


def p3(vms: tuple[GisaParts, ...]) -> Property:
    return Property(
        "P3",
        "gisa_destroy finds no registration and leaves nothing armed, listed or timed",
        tuple(check for parts in vms for check in (_p3_before(parts), _p3_after(parts))),
        "When gisa_destroy begins, alert.mask is 0 (every registration was given back). When it ends,\n"
        "alert.mask and IAM are 0, the GISA is in no alert list and its timer is idle.\n"
        "Source: kvm_s390_gisa_destroy() and the warning in it.",
    )


def _p3_before(parts: GisaParts) -> Before:
    def test(view: View, event: Event) -> str | None:
        mask = view(parts.interrupt).alert_mask
        return f"gisa_destroy begins with alert.mask {mask:#04x}" if mask else None

    return Before(parts.interrupt, "begin_destroy", (parts.interrupt,), test)


def _p3_after(parts: GisaParts) -> After:
    def test(view: View, event: Event) -> str | None:
        state, gisa = view(parts.interrupt), view(parts.gisa)
        if state.alert_mask or gisa.iam:
            return f"gisa_destroy leaves alert.mask {state.alert_mask:#04x}, IAM {gisa.iam:#04x}"
        if gisa.next_alert != parts.gisa.name:
            return f"gisa_destroy leaves {parts.gisa.name} in the alert list"
        return None if state.timer == "idle" else f"gisa_destroy leaves the timer {state.timer}"

    return After(parts.interrupt, "end_destroy", (parts.interrupt, parts.gisa), test)


def p25(vms: tuple[GisaParts, ...]) -> Property:
    return Property(
        "P25",
        "what is armed is wanted, and what is wanted is registered",
        tuple(_p25(parts) for parts in vms),
        "alert.mask has the bit of an ISC iff its reference count is not 0, whenever ref_lock is free. IAM\n"
        "has only bits of alert.mask, unless the GISA is in the alert list or a restore of IAM is due.\n"
        "Neither is asked of a VM whose GISA is being or has been destroyed.\n"
        "Source: gisc_register, gisc_unregister.",
        _arming(vms),
    )


def _arming(vms: tuple[GisaParts, ...]) -> tuple[tuple[Actor[Any], str], ...]:
    """The messages by which an ISC comes to be registered or armed, or no longer is."""
    wants = [(parts.interrupt, op) for parts in vms for op in ("register", "unregister", "drop_alert_mask", "init")]
    arms = [(parts.gisa, op) for parts in vms for op in ("set_iam", "restore_iam", "store_word", "init")]
    return (*wants, *arms)


def _p25(parts: GisaParts) -> Always:
    def test(view: View) -> str | None:
        state, iam = view(parts.interrupt), view(parts.gisa).iam
        if state.destroying or state.origin is None or view.held(parts.ref_lock.name):
            return None
        counted = sum(bit(isc) for isc, count in enumerate(state.ref_count) if count > 0)
        if state.alert_mask != counted:
            return f"alert.mask is {state.alert_mask:#04x}, registered are {counted:#04x}"
        if iam & ~state.alert_mask and _settled(view, parts, state):
            return f"IAM is {iam:#04x}, which is more than alert.mask {state.alert_mask:#04x}"
        return None

    return Always((parts.interrupt, parts.gisa), test)


def _settled(view: View, parts: GisaParts, state: GisaIntState) -> bool:
    """Whether the GISA is in no list and nobody is about to restore IAM."""
    listed = view(parts.gisa).next_alert != parts.gisa.name
    return not listed and state.timer == "idle" and view.inflight(("restore", parts.gisa.name)) <= 0


def p26(gib: Gib, vms: tuple[GisaParts, ...]) -> Property:
    gisas = {parts.gisa.name: parts.gisa for parts in vms}

    def test(view: View) -> str | None:
        heads = [view(gib).origin]
        heads += [name for name in gisas for _ in range(view.inflight(("slice", name)))]
        seen: set[str] = set()
        for head in heads:
            while is_gisa(head):
                following = view(gisas[head]).next_alert
                if head in seen:
                    return f"{head} is reached twice"
                if following == head:
                    return f"{head} is in the alert list, but its next_alert says it is in none"
                seen.add(head)
                head = following
        for name, gisa in gisas.items():
            following = view(gisa).next_alert
            if name not in seen and following not in (name, LINKING):
                return f"{name} links to {following}, but is in no part of the alert list"
        return None

    return Property(
        "P26",
        "next_alert tells who is in the alert list",
        (Always((gib, *gisas.values()), test),),
        "A GISA is reached exactly once, from the origin in the GIB or from a part of the list that a\n"
        "processor or an insertion has in hand, iff its next_alert is not its own address; every part ends in\n"
        "0 or 1.\n"
        "Source: process_gib_alert_list() and the test gisa_in_alert_list().",
        ((gib, "push"), (gib, "exchange")),
    )


def p27(gib: Gib) -> Property:
    def test(view: View) -> str | None:
        state = view(gib)
        coming = state.gal or view.inflight(("raise", gib.name)) or view.inflight(("gal", gib.name))
        if state.origin == NULL or coming:
            return None
        return f"the alert list begins with {state.origin} and nobody is going to look at it"

    return Property(
        "P27",
        "alerts are armed whenever nobody is going to look at the alert list",
        (Noted(), Always((gib,), test)),
        "The origin is 0, or an alert interrupt is pending or being raised, or a processor will exchange the\n"
        "origin once more. Alerts are armed only over an empty list. Several processors at a time are\n"
        "allowed.\n"
        "Source: process_gib_alert_list(): the exchange, and the final pass.",
        ((gib, "push"), (gib, "exchange")),
    )


def p28(vms: tuple[GisaParts, ...]) -> Property:
    return Property(
        "P28",
        "the timer's callback runs only while the GISA lives",
        tuple(_p28(parts) for parts in vms),
        "While the GISA timer of a VM runs its callback, the page of its GISA is not freed.\n"
        "Source: kvm_s390_gisa_destroy() cancels the timer, which waits for the callback, before the page\n"
        "goes.",
        tuple((parts.interrupt, "fire") for parts in vms),
    )


def _p28(parts: GisaParts) -> Always:
    def test(view: View) -> str | None:
        if view(parts.interrupt).timer != "running" or view(parts.gisa).live:
            return None
        return f"the timer of {parts.gisa.name} runs, and the GISA is freed"

    return Always((parts.interrupt, parts.gisa), test)


def p29(vms: tuple[GisaParts, ...]) -> Property:
    return Property(
        "P29",
        "IAM is 0 when no GISC is registered, and for good once the GISA is destroyed",
        tuple(_p29(parts) for parts in vms),
        "alert.mask is 0, the GISA is in no list, no restore of IAM is due, ref_lock is free and no\n"
        "gisa_destroy runs: then IAM is 0. After gisa_destroy it is 0 without condition.\n"
        "Source: cover letters of the series that introduced the GIB.",
        _arming(vms),
    )


def _p29(parts: GisaParts) -> Always:
    def test(view: View) -> str | None:
        state, iam = view(parts.interrupt), view(parts.gisa).iam
        if not iam or state.destroying or view.held(parts.ref_lock.name):
            return None
        if state.origin is None:
            return f"IAM of {parts.gisa.name} is {iam:#04x} after gisa_destroy"
        if not state.alert_mask and _settled(view, parts, state):
            return f"IAM of {parts.gisa.name} is {iam:#04x} and alert.mask is 0"
        return None

    return Always((parts.interrupt, parts.gisa), test)


def p33(vms: tuple[GisaParts, ...]) -> Property:
    """Not among `gisa_properties`: it takes a search of the whole state graph."""
    return Property(
        "P33",
        "gisa_destroy terminates, whatever else happens or does not",
        tuple(Eventually((parts.interrupt,), partial(_destroying, parts)) for parts in vms),
        "Whoever destroys a VM is not left polling for something that only somebody else could do.\n"
        "Source: kvm_s390_gisa_destroy() since 6.6.",
        tuple((parts.interrupt, "begin_destroy") for parts in vms),
    )


def _destroying(parts: GisaParts, view: View) -> str | None:
    return f"gisa_destroy of {parts.interrupt.vm} goes on" if view(parts.interrupt).destroying else None


def p41(vms: tuple[GisaParts, ...]) -> Property:
    return Property(
        "P41",
        "what is registered is armed, or will be",
        tuple(_p41(parts) for parts in vms),
        "An ISC in alert.mask that is not in IAM: the GISA is in the alert list, or its timer is running or\n"
        "about to be started, or somebody is about to restore IAM. Not asked while ref_lock is held, nor of a\n"
        "VM whose GISA is being or has been destroyed.\n"
        "Source: gisc_register, which cannot set IAM of a GISA that is in the alert list.",
        tuple((parts.interrupt, "register") for parts in vms),
    )


def _p41(parts: GisaParts) -> Always:
    def test(view: View) -> str | None:
        state, iam = view(parts.interrupt), view(parts.gisa).iam
        if state.destroying or state.origin is None or view.held(parts.ref_lock.name):
            return None
        lost = state.alert_mask & ~iam
        if lost and _settled(view, parts, state):
            return f"{lost:#04x} is registered and not armed, and nobody is going to arm it"
        return None

    return Always((parts.interrupt, parts.gisa), test)
