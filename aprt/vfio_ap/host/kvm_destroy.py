"""The end of a VM, in the order the kernel takes it apart.

Mirrors: virt/kvm/vfio.c: kvm_vfio_destroy() (5.0, 6.0); virt/kvm/kvm_main.c: kvm_put_kvm(), kvm_destroy_vm(),
kvm_destroy_devices(); arch/s390/kvm/kvm-s390.c: kvm_arch_destroy_vm(); arch/s390/kvm/interrupt.c:
kvm_s390_gisa_destroy(). Before 6.2 (B11) kvm_vfio_destroy() is part of it: the kvm-vfio device goes, and SET_KVM(NULL)
is sent, only after the architecture's part is gone.
Left out: the vCPUs, the SCA, the guest's address space, and the ultravisor's part of a protected guest.
"""

from __future__ import annotations

from pyrsistent import PMap, pmap

from aprt.core.chain import mirrors
from aprt.vfio_ap.host.machine import Guest, Machine
from aprt.vfio_ap.kvm.gib import Gib, process_gib_alert_list
from aprt.vfio_ap.kvm.gisa_int import GisaParts


@mirrors("kvm_put_kvm")
async def put_vm(machine: Machine, guest: Guest) -> bool:
    """Drop a reference of the VM; whoever drops the last destroys it, here and now. Whether it was the last."""
    last = await guest.vm.put()
    if last:
        await destroy_vm(machine, guest)
    return last


@mirrors("kvm_destroy_vm")
async def destroy_vm(machine: Machine, guest: Guest) -> None:
    """vCPUs (their files are closed), GISA, the page with GISA and CRYCB, the kvm devices, struct kvm itself."""
    await gisa_destroy(guest.gisa, machine.gib, machine.gisas())
    await guest.crycb.free()
    await guest.gisa.gisa.free()
    if machine.ops.kvm_vfio_destroyed is not None:
        await machine.ops.kvm_vfio_destroyed(machine, guest)
    await guest.gisa.interrupt.free()
    await guest.vm.free()


@mirrors("kvm_s390_gisa_destroy")
async def gisa_destroy(parts: GisaParts, gib: Gib, vms: PMap[str, GisaParts] | None = None) -> None:
    """Take the GISA from a VM that nobody uses any more. Its page may be freed on return.

    It has to leave the alert list for that, see `_leave_list`; then the timer is cancelled. vms: all VMs of the
    machine, by GISA name; None: this one is alone.
    """
    if await parts.interrupt.begin_destroy() is None:
        return
    await _leave_list(parts, gib, vms or pmap({parts.gisa.name: parts}))
    if not parts.rules.timer_after_destroy:
        await parts.interrupt.cancel_timer()
    await parts.interrupt.end_destroy()


async def _leave_list(parts: GisaParts, gib: Gib, vms: PMap[str, GisaParts]) -> None:
    """Get the GISA out of the alert list, in the way that the kernel has.

    - 2019: poll until it is in no list, for ever if nobody processes the list (B10). IAM stays as it is.
    - destroy_takes_list (6.6): disarm it, and process the list once if it is in there. Another processor that has cut
      the list off may still have the GISA in hand.
    - destroy_synchronizes: disarm it, process the list until it is out, and wait until no processor has it in hand.
    - destroy_ignores_list: nothing of all this.
    """
    gisa, rules = parts.gisa, parts.rules
    if rules.destroy_synchronizes:
        await parts.interrupt.drop_alert_mask()
        while await gisa.set_iam(0):
            await process_gib_alert_list(gib, vms)
        await gib.synchronize()
    elif rules.destroy_takes_list:
        await parts.interrupt.drop_alert_mask()
        if await gisa.set_iam(0):
            await process_gib_alert_list(gib, vms)
    elif not rules.destroy_ignores_list:
        while await gisa.in_alert_list():
            pass
