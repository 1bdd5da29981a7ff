"""What user space does to a guest: run vCPUs, close files, be killed, take the group away, reset the device.

Each function is a behaviour of one thread or of the exiting process.

Mirrors: fs/file_table.c: __fput(); fs/file.c: close_files(); kernel/exit.c: do_exit();
virt/kvm/vfio.c: kvm_vfio_set_group() (5.0), kvm_vfio_file_del() (6.12); virt/kvm/kvm_main.c: kvm_vcpu_ioctl() (6.12).
Left out: other ioctls; a number that another thread gives to a new file as soon as it is free.
"""

from __future__ import annotations

from aprt.core.chain import mirrors
from aprt.core.effects import choose
from aprt.kernel.held import held
from aprt.vfio_ap.host.guest_code import Instruction, execute
from aprt.vfio_ap.host.kvm_destroy import put_vm
from aprt.vfio_ap.host.machine import Guest, Machine
from aprt.vfio_ap.kvm.vcpu import Vcpu

DEVICE = "device"
VM = "vm"
KVM_VFIO = "kvm-vfio"


def vcpu_file(vcpu: Vcpu) -> str:
    """The name of a vCPU's file in the process: the vCPU's name without the VM's."""
    return vcpu.name.rpartition(".")[2]


async def vcpu_thread(machine: Machine, guest: Guest, vcpu: Vcpu, program: tuple[Instruction, ...]) -> None:
    """One ioctl(KVM_RUN) per instruction, until the program or the process ends, or the file is closed."""
    for instruction in program:
        if await guest.process.signal_pending():
            break
        file = await guest.process.fdget(vcpu_file(vcpu))
        if file is None:
            break
        async with held(guest.vcpu_mutex(vcpu)):
            await execute(machine, guest, vcpu, instruction)
        if await guest.process.fput(file):
            await release_file(machine, guest, file)
    await guest.process.leave(vcpu.name)


@mirrors("__fput")
async def release_file(machine: Machine, guest: Guest, file: str) -> None:
    """The last reference of a file is gone. VM, vCPU and kvm-vfio files each hold a reference of the VM."""
    if file == DEVICE:
        await machine.ops.release(machine, guest)
        return
    if file == KVM_VFIO and machine.ops.kvm_vfio_closed is not None:
        await machine.ops.kvm_vfio_closed(machine, guest)
    await put_vm(machine, guest)


async def kill(guest: Guest) -> None:
    """SIGKILL, at whatever moment; it wakes vCPUs that are idle."""
    await guest.process.sigkill()
    for vcpu in guest.vcpus:
        await vcpu.signal()


@mirrors("do_exit")
async def exit_process(machine: Machine, guest: Guest) -> None:
    """do_exit() of the last thread: every open file is closed; no order of the final releases is promised."""
    await guest.process.last_thread_gone()
    await close_all(machine, guest)


@mirrors("close_files")
async def close_all(machine: Machine, guest: Guest) -> None:
    """Close every descriptor, in any order."""
    while fds := await guest.process.descriptors():
        await close_fd(machine, guest, await choose("close", *fds))


async def close_fd(machine: Machine, guest: Guest, fd: str) -> None:
    """close(2); the final release runs right away, as task work of this thread."""
    released = await guest.process.close(fd)
    if released is not None:
        await release_file(machine, guest, released)


async def close_these(machine: Machine, guest: Guest, fds: tuple[str, ...]) -> None:
    """User space closes these descriptors in this order, and keeps the rest."""
    for fd in fds:
        await close_fd(machine, guest, fd)


async def group_del(machine: Machine, guest: Guest) -> None:
    """ioctl(kvm-vfio, GROUP_DEL): SET_KVM(NULL) while the device may stay open. The ioctl holds its file."""
    file = await guest.process.fdget(KVM_VFIO)
    if file is None:
        return
    await machine.ops.set_kvm(machine, guest, None)
    if await guest.process.fput(file):
        await release_file(machine, guest, file)


async def open_everything(machine: Machine, guest: Guest) -> int:
    """QEMU's start: VM, vCPUs, kvm-vfio with the group, then the device. 0, or why the device does not open.

    Mirrors: QEMU hw/vfio/common.c: vfio_get_group(), hw/vfio/ap.c: vfio_ap_realize() (3.1).
    """
    await guest.vm.create()
    for file in (VM, *(vcpu_file(vcpu) for vcpu in guest.vcpus), KVM_VFIO):
        await guest.process.install(file, file)
    await machine.ops.set_kvm(machine, guest, guest)
    error = await machine.ops.open(machine, guest)
    if error == 0:
        await guest.process.install(DEVICE, DEVICE)
    return error
