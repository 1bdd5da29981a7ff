"""Small closed systems around GISA and GIB: VMs, whoever makes ISCs pending, the alert interrupt, the timers."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import attrs
from pyrsistent import PMap, pmap

from aprt.core.actor import BLOCK, Actor
from aprt.core.caller import Caller
from aprt.core.effects import Call
from aprt.core.properties import HANG, Property
from aprt.core.system import Behaviour, Context, System
from aprt.explore.explore import explore
from aprt.explore.result import Exploration
from aprt.kernel.spinlock import Spinlock
from aprt.vfio_ap.host.kvm_destroy import gisa_destroy
from aprt.vfio_ap.kvm.gib import Gib, gal_interrupt, make_pending
from aprt.vfio_ap.kvm.gisa import Gisa, GisaState, bit
from aprt.vfio_ap.kvm.gisa_int import GisaInt, GisaIntState, GisaParts
from aprt.vfio_ap.kvm.gisa_properties import gisa_properties
from aprt.vfio_ap.kvm.gisa_switches import V4, GisaRules
from aprt.vfio_ap.kvm.gisc import gisc_register, gisc_unregister
from aprt.vfio_ap.kvm.kick import gisa_timer
from aprt.vfio_ap.kvm.vcpu import Vcpu, wait_for_interrupt

ISC, OTHER = 3, 5


@attrs.frozen(eq=False)
class Vm:
    """A VM: its parts and its vCPUs."""

    parts: GisaParts
    vcpus: tuple[Vcpu, ...]


@attrs.frozen(eq=False)
class Host:
    """One GIB and its VMs."""

    gib: Gib
    vms: tuple[Vm, ...]

    @property
    def by_gisa(self) -> PMap[str, GisaParts]:
        return pmap({vm.parts.gisa.name: vm.parts for vm in self.vms})

    def properties(self) -> tuple[Property, ...]:
        vcpus = (vcpu for vm in self.vms for vcpu in vm.vcpus)
        return gisa_properties(self.gib, (vm.parts for vm in self.vms), vcpus)

    def gal(self) -> Context:
        return Context("gal", partial(gal_interrupt, self.gib, self.by_gisa), daemon=True)

    def timers(self) -> tuple[Context, ...]:
        return tuple(
            Context(f"timer{i}", partial(gisa_timer, vm.parts, vm.vcpus), daemon=True) for i, vm in enumerate(self.vms)
        )

    def system(self, contexts: Iterable[Context]) -> System:
        """The host with these contexts, the alert interrupt and the timers. ISC is registered, once, in each VM."""
        actors: list[Actor[Any]] = [self.gib]
        states: dict[str, Any] = {}
        for vm in self.vms:
            parts = vm.parts
            actors += [parts.gisa, parts.interrupt, parts.ref_lock, *vm.vcpus]
            states[parts.gisa.name] = GisaState(parts.gisa.name, iam=bit(ISC))
            states[parts.interrupt.name] = registered_once(parts)
        return System(tuple(actors), (*contexts, self.gal(), *self.timers()), states)

    def explore(self, *contexts: Context) -> Exploration:
        """All states of `system`, all properties, and whether an end can always be reached."""
        return explore(self.system(contexts), (*self.properties(), HANG), stop_on="all")


def registered_once(parts: GisaParts) -> GisaIntState:
    counts = tuple(int(isc == ISC) for isc in range(8))
    return GisaIntState(parts.gisa.name, bit(ISC), counts)


def alone(behaviour: Behaviour, states: dict[str, Any], context: str = "x") -> tuple[Any, dict[str, Any], list[str]]:
    """Run a behaviour with nobody else there: what it returns, the states then, and its operations in order."""
    states = dict(states)
    operations: list[str] = []
    by, reply = Caller(context), None
    while True:
        try:
            call = behaviour.send(reply)
        except StopIteration as stop:
            return stop.value, states, operations
        assert isinstance(call, Call)
        outcome = call.actor.handle(states[call.actor.name], call, by)
        assert outcome is not BLOCK, f"{call} blocks"
        states[call.actor.name], reply, notes = outcome
        by = by.after(notes)
        operations.append(str(call))


def host(rules: GisaRules = V4, vms: int = 1, masks: tuple[int, ...] = (0xFF,)) -> Host:
    """A host whose VMs have one vCPU for each CR6 in `masks`."""
    return Host(Gib("gib", rules), tuple(_vm(f"vm{i}", rules, masks) for i in range(vms)))


def _vm(name: str, rules: GisaRules, masks: tuple[int, ...]) -> Vm:
    lock = Spinlock(f"{name}.ref_lock")
    interrupt = GisaInt(f"{name}.gisa_int", name, lock, rules=rules)
    parts = GisaParts(Gisa(f"{name}.gisa", rules), interrupt, lock)
    return Vm(parts, tuple(Vcpu(f"{name}.vcpu{i}", cr6=mask) for i, mask in enumerate(masks)))


def interrupts(host: Host, vm: int, *iscs: int) -> Context:
    """Hardware makes these ISCs of a VM pending, one after the other."""

    async def run() -> None:
        for isc in iscs:
            await make_pending(host.gib, host.vms[vm].parts.gisa, isc)

    return Context(f"queue{vm}", run)


def idles(host: Host, vm: int, index: int) -> Context:
    """A vCPU that waits for interrupts for ever."""
    parts, vcpu = host.vms[vm].parts, host.vms[vm].vcpus[index]

    async def run() -> None:
        while True:
            await wait_for_interrupt(parts, vcpu)

    return Context(vcpu.name, run, daemon=True)


def ends(host: Host, vm: int, *first: int, unregisters: bool = True) -> Context:
    """The VM is destroyed: the last registration given back, the GISA destroyed, its page freed.

    first: ISCs that hardware makes pending before; it is done with that when the end begins.
    """
    parts = host.vms[vm].parts

    async def run() -> None:
        for isc in first:
            await make_pending(host.gib, parts.gisa, isc)
        if unregisters:
            await gisc_unregister(parts, ISC)
        await gisa_destroy(parts, host.gib, host.by_gisa)
        await parts.gisa.free()

    return Context(f"ends{vm}", run)


def registers(host: Host, vm: int, isc: int) -> Context:
    """One more registration."""
    return Context(f"registers{vm}", partial(gisc_register, host.vms[vm].parts, isc))


def unregisters(host: Host, vm: int, isc: int) -> Context:
    """One registration less."""
    return Context(f"unregisters{vm}", partial(gisc_unregister, host.vms[vm].parts, isc))
