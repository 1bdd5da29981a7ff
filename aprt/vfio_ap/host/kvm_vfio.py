"""kvm-vfio before 5.19: whoever has asked for it is told which VM the group of a device belongs to.

notify: a driver's notifier, which gets the machine, the name of the mdev and that of the VM, or None.

Mirrors: virt/kvm/vfio.c: kvm_vfio_group_set_kvm(), kvm_vfio_destroy() (5.0).
"""

from __future__ import annotations

from aprt.core.chain import mirrors
from aprt.kernel.held import held
from aprt.vfio_ap.host.machine import Guest, Machine
from aprt.vfio_ap.kvm.group import Notifier, group_set_kvm


@mirrors("kvm_vfio_group_set_kvm")
async def set_group(notify: Notifier, machine: Machine, guest: Guest, vm: Guest | None) -> None:
    """kvm-vfio records a VM, or that there is none, in the group of `guest`.

    Locks: holds kvm-vfio's own when the group is taken from it.
    """
    async with held(guest.kvm_vfio_lock, when=vm is None):
        await group_set_kvm(guest.group, None if vm is None else vm.name, notify, machine)


@mirrors("kvm_vfio_destroy")
async def destroyed(notify: Notifier, machine: Machine, guest: Guest) -> None:
    """The kvm-vfio device goes with its VM: without a SET_KVM(NULL) before, it is only now that one is sent."""
    await group_set_kvm(guest.group, None, notify, machine)
