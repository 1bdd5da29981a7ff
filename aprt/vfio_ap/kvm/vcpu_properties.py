"""Properties of vCPUs that idle, are kicked and run: P30, P31, P48.

What running procedures hold counts (`View.inflight`): ("kick", vCPU) is held by whoever has set a kicked bit and not
yet woken the vCPU.
"""

from __future__ import annotations

from aprt.core.properties import Always, AtEnd, Noted, Property
from aprt.core.system import View
from aprt.vfio_ap.kvm.gisa import MAX_ISC, bit
from aprt.vfio_ap.kvm.gisa_int import GisaParts
from aprt.vfio_ap.kvm.vcpu import Vcpu


def p30(guests: tuple[tuple[GisaParts, tuple[Vcpu, ...]], ...]) -> Property:
    return Property(
        "P30",
        "no interrupt is lost",
        tuple(_p30(parts, vcpus) for parts, vcpus in guests),
        "When nothing happens any more, no ISC is pending and wanted (IPM and alert.mask) for which a\n"
        "sleeping vCPU of the VM is open (PSW and CR6). The form of an end state: vCPUs that idle are\n"
        "daemons.\n"
        "Source: the purpose of the GISA timer and of the idle wait.",
        tuple((parts.gisa, "make_pending") for parts, _ in guests),
    )


def _p30(parts: GisaParts, vcpus: tuple[Vcpu, ...]) -> AtEnd:
    def test(view: View) -> str | None:
        state, gisa = view(parts.interrupt), view(parts.gisa)
        if state.origin is None:
            return None
        for isc in range(MAX_ISC + 1):
            for vcpu in vcpus:
                sleeper = view(vcpu)
                if gisa.ipm & state.alert_mask & sleeper.open & bit(isc) and sleeper.asleep:
                    return f"isc {isc} of {parts.gisa.name} is pending, and {vcpu.name} sleeps for good"
        return None

    return AtEnd((parts.interrupt, parts.gisa, *vcpus), test)


def p31(guests: tuple[tuple[GisaParts, tuple[Vcpu, ...]], ...]) -> Property:
    return Property(
        "P31",
        "a vCPU that counts as kicked does not sleep",
        tuple(_p31(parts, vcpu) for parts, vcpus in guests for vcpu in vcpus),
        "A kicked bit is set: the vCPU has been woken, or is being woken, and will look at what is pending or\n"
        "enter SIE before it sleeps again. Otherwise nobody kicks it any more.\n"
        "Source: __airqs_kick_single_vcpu(), which passes over kicked vCPUs.",
        tuple((parts.interrupt, "test_and_set_kicked") for parts, _ in guests),
    )


def _p31(parts: GisaParts, vcpu: Vcpu) -> Always:
    def test(view: View) -> str | None:
        kicked = vcpu.name in view(parts.interrupt).kicked
        if kicked and view(vcpu).asleep and view.inflight(("kick", vcpu.name)) <= 0:
            return f"{vcpu.name} counts as kicked and sleeps"
        return None

    return Always((parts.interrupt, vcpu), test)


def p48(guests: tuple[tuple[GisaParts, tuple[Vcpu, ...]], ...]) -> Property:
    return Property(
        "P48",
        "a vCPU can enter SIE",
        (Noted(),),
        "The GISA designation in a vCPU's control block is the address of a GISA, or 0. SIE refuses anything else\n"
        "with a validity intercept, and KVM ends the vCPU's run with -EINVAL.\n"
        "Source: kvm_s390_get_gisa_desc().",
        tuple((vcpu, "enter_sie") for _, vcpus in guests for vcpu in vcpus),
    )
