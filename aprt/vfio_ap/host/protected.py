"""A guest becomes a protected one, and a normal one again: KVM_PV_ENABLE and KVM_PV_DISABLE, and the GISA meanwhile.

An ultravisor that does not know adapter interruptions (AIV) has no use for a GISA: since 5.18 KVM takes it from a guest
that becomes a protected one there, and gives it back afterwards.

Mirrors: arch/s390/kvm/kvm-s390.c: kvm_s390_cpus_to_pv(), kvm_s390_cpus_from_pv(); arch/s390/kvm/interrupt.c:
kvm_s390_gisa_enable(), kvm_s390_gisa_disable() (6.12).
Left out: what the ultravisor does, and that it may fail; that a vCPU which waits for an interrupt meanwhile goes on
without the GISA.
"""

from __future__ import annotations

from aprt.core.chain import mirrors
from aprt.kernel.held import held
from aprt.vfio_ap.host.kvm_destroy import gisa_destroy
from aprt.vfio_ap.host.machine import Guest, Machine
from aprt.vfio_ap.kvm.gisa_int import gisa_init


@mirrors("kvm_s390_cpus_to_pv")
async def pv_enable(machine: Machine, guest: Guest) -> None:
    """ioctl(VM, KVM_PV_ENABLE): the guest becomes a protected one, vCPU after vCPU, each when it is out of KVM_RUN.

    Locks: takes kvm->lock, and in it the mutex of each vCPU.
    """
    async with held(guest.kvm_lock):
        if not guest.uv_aiv:
            await gisa_disable(machine, guest)
        await _each_vcpu(guest)


@mirrors("kvm_s390_cpus_from_pv")
async def pv_disable(guest: Guest) -> None:
    """ioctl(VM, KVM_PV_DISABLE): a normal guest again. Locks as for `pv_enable`."""
    async with held(guest.kvm_lock):
        await _each_vcpu(guest)
        await gisa_enable(guest)


async def _each_vcpu(guest: Guest) -> None:
    for vcpu in guest.vcpus:
        async with held(guest.vcpu_mutex(vcpu)):
            pass


@mirrors("kvm_s390_gisa_disable")
async def gisa_disable(machine: Machine, guest: Guest) -> None:
    """The vCPUs lose the GISA one by one, then it is destroyed. Its page stays. Locks: takes the mutex of each vCPU.

    Nobody is asked whether a queue is aimed at it, or an ISC registered.
    """
    if await guest.gisa.interrupt.read_origin() is None:
        return
    for vcpu in guest.vcpus:
        async with held(guest.vcpu_mutex(vcpu)):
            await vcpu.set_aiv(False)
    await gisa_destroy(guest.gisa, machine.gib, machine.gisas())


@mirrors("kvm_s390_gisa_enable")
async def gisa_enable(guest: Guest) -> None:
    """The VM has a GISA again, in the same page, unless it has one. Locks: takes the mutex of each vCPU."""
    if await guest.gisa.interrupt.read_origin() is not None:
        return
    await gisa_init(guest.gisa)
    for vcpu in guest.vcpus:
        async with held(guest.vcpu_mutex(vcpu)):
            await vcpu.set_aiv(True)
