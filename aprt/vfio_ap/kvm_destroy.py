"""The end of a VM, in the order the kernel takes it apart.

Mirrors: virt/kvm/kvm_main.c: kvm_put_kvm(), kvm_destroy_vm(), kvm_destroy_devices();
arch/s390/kvm/kvm-s390.c: kvm_arch_destroy_vm(); virt/kvm/vfio.c: kvm_vfio_destroy() (2019: the kvm-vfio device
is destroyed, and SET_KVM(NULL) sent, only after the architecture's part is gone).
"""

from __future__ import annotations

from aprt.core.chain import mirrors
from aprt.vfio_ap.gisa_int import gisa_destroy
from aprt.vfio_ap.group_notifier import group_set_kvm
from aprt.vfio_ap.machine import Guest, Machine


@mirrors("kvm_put_kvm")
async def put_vm(machine: Machine, guest: Guest) -> None:
    """Drop a reference of the VM; whoever drops the last destroys it, here and now."""
    if await guest.vm.put():
        await destroy_vm(machine, guest)


@mirrors("kvm_destroy_vm")
async def destroy_vm(machine: Machine, guest: Guest) -> None:
    """vCPUs (their files are closed), GISA, the page with GISA and CRYCB, the kvm devices, struct kvm itself."""
    await gisa_destroy(guest.gisa, machine.gib, machine.gisas())
    await guest.crycb.free()
    await guest.gisa.gisa.free()
    await group_set_kvm(machine, guest, None)
    await guest.gisa.interrupt.free()
    await guest.vm.free()
