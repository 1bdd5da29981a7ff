"""H1-H16: sixteen ways in which the guarantee of the series fails, a scenario each.

A way says which property it breaks, which steps its schedule must contain, in order, and what makes it hold. The
table in `docs/reference/ways.md` is written from these values, and the tests check all three.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import attrs

from aprt.core.scenario import Model, Scenario, Settings
from aprt.vfio_ap.host.closing import (
    device_duplicated,
    device_kept,
    exit_after_program,
    killed_with_copy,
    module_unloaded,
)
from aprt.vfio_ap.host.life import kill_qemu, unmap_some
from aprt.vfio_ap.v4.situation import Situation
from aprt.vfio_ap.v4.way_models import (
    device_closed,
    disabled_then_closed,
    group_deleted,
    probed_late,
    second_mdev,
    unassign_against_open,
    unbound,
)


@attrs.frozen(eq=False)
class Way:
    """One row: h<number>.

    preset: switches the scenario sets, so that no other way is taken before this one. contains: globs over
    `actor.message(args) = reply`, found in this order in the schedule; absent: globs that nothing matches.
    cure: switches with which the property holds, complete.
    """

    number: int
    title: str
    story: str
    breaks: str  # the property's number
    build: Callable[[Settings], Model]
    contains: tuple[str, ...]
    cure: tuple[str, ...]
    preset: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()

    @property
    def scenario(self) -> Scenario:
        return Scenario(f"h{self.number}", self.title, self.story, (self.breaks,), self.build, self.preset)


WAYS = (
    Way(
        1,
        "QEMU is killed: the GISA goes before the device is closed",
        "The VM's files happen to be closed first; gisa_destroy and the page are gone.\n"
        "A request is answered before the device is closed: hardware sets IPM and\n"
        "links the alert list in freed memory.",
        "P2",
        partial(kill_qemu, Situation),
        ("vm0.process.sigkill*", "vm0.gisa.free*", "hw 05.0004.answer*", "vm0.gisa.make_pending*"),
        ("vm_ref", "wait_reset"),
        ("guest=enable_use", "delivery"),
    ),
    Way(
        2,
        "QEMU is killed: release uses the freed VM",
        "As h1, and the release of the device, in another process that has a copy of\n"
        "the descriptor, clears the masks of a VM that is being freed.",
        "P9",
        partial(killed_with_copy, Situation),
        ("vm0.process.sigkill*", "vm0.crycb.free*", "vm0.crycb.set_masks*"),
        ("vm_ref",),
    ),
    Way(
        3,
        "user space keeps the device open and closes the VM",
        "VM, vCPU and kvm-vfio files are closed, the device file is not: no kill and\n"
        "no QEMU is needed, and the time in between is up to user space.",
        "P1",
        partial(device_kept, Situation),
        ("vm0.process.close(vm)*", "vm0.gisa_int.begin_destroy*"),
        ("vm_ref",),
        absent=("vm0.process.close(device)*", "vm0.process.sigkill*", "mdev0.begin_detach*"),
    ),
    Way(
        4,
        "a duplicate of the device's descriptor outlives QEMU's own",
        "QEMU closes everything, but a dup (or a copy passed over a socket) keeps the\n"
        "device file: its release does not run.",
        "P1",
        partial(device_duplicated, Situation),
        ("vm0.process.close(device) = None", "vm0.gisa_int.begin_destroy*"),
        ("vm_ref",),
        absent=("vm0.process.sigkill*", "mdev0.begin_detach*"),
    ),
    Way(
        5,
        "the group is taken from kvm-vfio while the device is open",
        "SET_KVM(NULL) only clears the pointer: masks and hook stay. The later release\n"
        "finds no VM: it resets, and leaves the guest what it needs to enable again.",
        "P1",
        group_deleted,
        (
            "vm0.group.record(None) = mdev0",
            "mdev0.set_kvm(None)*",
            "vm0.process.close(device) = device",
            "mdev0.begin_detach() = None",
            "vm0.read_hook() = mdev0",
            "hw 05.0004.finish_reset*",
            "hw 05.0004.aqic(vm0.gisa *) = 00*",
            "vm0.gisa_int.begin_destroy*",
        ),
        ("cleanup_everywhere", "hook_lock"),
        ("check_accepted",),
        ("vm0.set_hook(None)*", "vm0.crycb.set_masks*"),
    ),
    Way(
        6,
        "SET_KVM(NULL) comes from the VM's own destruction",
        "With a cleanup in the notifier and no reference: kvm-vfio is destroyed after\n"
        "the GISA, so the notifier that cleans up comes too late.",
        "P9",
        partial(device_kept, Situation),
        ("vm0.gisa_int.end_destroy*", "vm0.group.record(None)*"),
        ("vm_ref",),
        ("cleanup_everywhere",),
        ("vm0.process.close(device)*",),
    ),
    Way(
        7,
        "the handler enables after the release has cleaned up",
        "The vCPU has found its queue; another thread closes the device: masks clear,\n"
        "queue reset, hook gone. Then the handler's AQIC switches it on again.",
        "P1",
        device_closed,
        (
            "vm0.crycb.set_masks(nothing) = None",
            "mdev0.find(05.0004) = q 05.0004 #1",
            "hw 05.0004.finish_reset*",
            "vm0.set_hook(None)*",
            "mdev0.end_detach*",
            "hw 05.0004.aqic(vm0.gisa *) = 00*",
            "vm0.gisa_int.begin_destroy*",
        ),
        ("hook_lock",),
        ("vm_ref", "wait_reset", "clear_apcb"),
    ),
    Way(
        8,
        "the queue is freed between look-up and AQIC",
        "The handler has the pointer to the vfio_ap_queue; remove, not locked, resets\n"
        "and frees it; the handler enables and writes its records into freed memory.",
        "P9",
        unbound,
        (
            "vm0.crycb.drop_adapter(5)*",
            "mdev0.find(05.0004) = q 05.0004 #1",
            "hw 05.0004.finish_reset*",
            "mdev0.unlink(05.0004) = q 05.0004 #1",
            "q 05.0004.free*",
            "hw 05.0004.aqic(vm0.gisa *) = 00*",
            "q 05.0004.records*",
        ),
        ("one_mutex",),
        ("remove_unlocked", "wait_reset"),
    ),
    Way(
        9,
        "the reset is refused and the refusal is ignored",
        "The guest's own RAPQ is running: ZAPQ answers 02, twice; release goes on\n"
        "and the VM is destroyed with the interrupt still on.",
        "P1",
        partial(exit_after_program, Situation),
        (
            "hw 05.0004.reset(RAPQ, vm0) = 00*",
            "hw 05.0004.reset(ZAPQ, host) = 02*",
            "hw 05.0004.reset(ZAPQ, host) = 02*",
            "vm0.memory.unpin*",
            "mdev0.end_detach*",
            "vm0.gisa_int.begin_destroy*",
        ),
        ("wait_reset",),
        ("vm_ref", "hook_lock", "guest=enable_reset", "check_accepted"),
        ("hw 05.0004.finish_reset*",),
    ),
    Way(
        10,
        "the reset was accepted and nobody waits for its end",
        "ZAPQ answers 00, which only means that it began. The records are freed and\n"
        "the VM is destroyed while the interrupt is still on.",
        "P1",
        partial(exit_after_program, Situation),
        (
            "hw 05.0004.finish_irq*",
            "hw 05.0004.reset(ZAPQ, host) = 00*",
            "vm0.memory.unpin*",
            "mdev0.end_detach*",
            "vm0.gisa_int.begin_destroy*",
        ),
        ("wait_reset",),
        ("vm_ref", "hook_lock"),
        ("hw 05.0004.finish_reset*",),
    ),
    Way(
        11,
        "unassign slips past its test while the device is opened",
        "The test for -EBUSY is made without the lock; SET_KVM copies the masks;\n"
        "then the queue goes to the free list: the guest reaches what it no longer has.",
        "P17",
        unassign_against_open,
        ("mdev0.read_kvm() = None", "mdev0.set_kvm(vm0)*", "mdev0.clear_bit(apm, 5)*"),
        ("kvm_test_locked",),
    ),
    Way(
        12,
        "a queue is probed after its mdev was opened",
        "The mdev has the APQN in its matrix, the device is bound late and goes to the\n"
        "free list: in the guest's APCB, in nobody's bucket.",
        "P13",
        probed_late,
        (
            "mdev0.set_kvm(vm0)*",
            "vm0.crycb.set_masks(apm={5} aqm={4})*",
            "vm0.process.install(device, device)*",
            "q 05.0004.alloc*",
            "matrix_dev.give*",
            "ap_bus.set_driver(05.0004, vfio_ap)*",
        ),
        ("probe_links",),
    ),
    Way(
        13,
        "an accepted disable has not happened yet",
        "AQIC(disable) answered 00: unpinned and unregistered at once.\n"
        "The interrupt goes off later; until then the NIB is written to a free page.",
        "P8",
        disabled_then_closed,
        ("hw 05.0004.aqic(None) = 00*", "vm0.memory.unpin*"),
        ("wait_reset",),
        ("vm_ref", "hook_lock", "guest=enable_disable", "check_accepted"),
    ),
    Way(
        14,
        "the page with the NIB is unmapped",
        "The notifier unpins one page, the first of the range, and leaves the interrupt\n"
        "on: the NIB is written to a free page, or the page stays pinned and the host\n"
        "stops with a BUG.",
        "P8",
        partial(unmap_some, Situation, "user"),
        ("hw 05.0004.aqic(vm0.gisa *) = 00*", "vm0.memory.unmap(3, 1) = False", "vm0.memory.unpin*"),
        ("unmap_disables", "wait_reset"),
    ),
    Way(
        15,
        "the module is unloaded between the hook's read and its call",
        "The vCPU has read the hook; the device is closed, which drops the module's\n"
        "last reference; rmmod; the call goes to freed text.",
        "P9",
        partial(module_unloaded, Situation),
        ("vm0.read_hook() = mdev0", "vfio_ap.ko.unload() = True", "vfio_ap.ko.run*"),
        ("hook_lock",),
    ),
    Way(
        16,
        "a second mdev for the same VM leaves its hook behind",
        "SET_KVM sets the hook first and tests afterwards whether the VM has an mdev:\n"
        "-EPERM, but the hook points to the wrong one.",
        "P16",
        second_mdev,
        ("vm0.set_hook(mdev1)*", "vm1.group.called*"),
        ("hook_after_check",),
        ("hook_before_check",),
    ),
)
