"""Builds what every machine has, whatever its driver: bus, hardware queues, VMs with their processes."""

from __future__ import annotations

from typing import Any

import attrs

from aprt.core.scenario import Settings
from aprt.kernel.mutex import Mutex
from aprt.kernel.spinlock import Spinlock
from aprt.vfio_ap.ap.ap_bus import ApBus
from aprt.vfio_ap.ap.ap_queue import ApQueue
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.host.userspace import DEVICE, KVM_VFIO, VM, vcpu_file
from aprt.vfio_ap.kvm.crycb import Crycb
from aprt.vfio_ap.kvm.gisa import Gisa
from aprt.vfio_ap.kvm.gisa_int import GisaInt, GisaParts
from aprt.vfio_ap.kvm.gisa_switches import GisaRules
from aprt.vfio_ap.kvm.group import Group
from aprt.vfio_ap.kvm.kvm import Kvm
from aprt.vfio_ap.kvm.vcpu import Vcpu
from aprt.vfio_ap.memory import Memory
from aprt.vfio_ap.process import Process

NIB_PAGES = (3, 4)  # guest pages that programs put their notification bytes in


@attrs.frozen
class GuestPlan:
    """A guest to build. vm, mdev: their names. matrix: what its mdev has. vcpus: how many.

    attached: the process has everything open and the mdev has its VM from the start. sparse: the ids of the vCPUs,
    which user space chooses, have gaps: none is the vCPU's index. pages: the guest's pages that are mapped for DMA.
    uv_aiv: see `Guest`.
    """

    vm: str
    mdev: str
    matrix: Matrix
    vcpus: int = 1
    attached: bool = True
    sparse: bool = False
    pages: tuple[int, ...] = NIB_PAGES
    uv_aiv: bool = True


def make_bus(apqns: tuple[Apqn, ...], perms_mutex: Mutex | None = None, deletes_unbound: bool = False) -> ApBus:
    """The AP bus of a host that has the adapters and domains of `apqns`. For the rest see `ApBus`."""
    config = Matrix.of((a.apid for a in apqns), (a.apqi for a in apqns))
    return ApBus("ap_bus", config, perms_mutex=perms_mutex, deletes_unbound=deletes_unbound)


def make_hardware(settings: Settings, apqn: Apqn, facility_65: bool = True) -> ApQueue:
    """The hardware of one APQN, under the assumptions of the settings. facility_65: the machine has AQIC."""
    return ApQueue(
        f"hw {apqn}",
        apqn,
        off_is_silent=settings["off_is_silent"] == "yes",
        irq_off_at=settings["irq_off_at"],
        aqic_while_pending=settings["aqic_while_pending"],
        reset_end=settings["reset_end"],
        facility_65=facility_65,
    )


def queue_parts(settings: Settings, apqn: Apqn, facility_65: bool = True) -> dict[str, Any]:
    """The fields of `Queue`, but for what the driver has. facility_65: see `make_hardware`."""
    lock = Mutex(f"device_lock {apqn}", lock_class="device_lock")
    return {"apqn": apqn, "hw": make_hardware(settings, apqn, facility_65), "device_lock": lock}


def guest_parts(settings: Settings, plan: GuestPlan) -> dict[str, Any]:
    """The fields of `Guest`, but for what the driver has: the VM of a plan, its process and its group."""
    vm, rules = plan.vm, GisaRules.of(settings)
    ref_lock = Spinlock(f"{vm}.ref_lock", lock_class="ref_lock")
    kvm_lock = Mutex(f"{vm}.kvm_lock", lock_class="kvm_lock")
    gisa = Gisa(f"{vm}.gisa", rules)
    vcpus = tuple(Vcpu(f"{vm}.vcpu{i}", idle_as=f"{vm}.id{i + 7}" if plan.sparse else None) for i in range(plan.vcpus))
    files = (VM, *(vcpu_file(vcpu) for vcpu in vcpus), KVM_VFIO, DEVICE) if plan.attached else ()
    threads = tuple(vcpu.name for vcpu in vcpus)
    mutexes = (Mutex(f"{vcpu.name}.mutex", lock_class="vcpu_mutex") for vcpu in vcpus)
    kvm_vfio_lock = Mutex(f"{vm}.kvm_vfio_lock", lock_class="kvm_vfio_lock")
    return {
        "vm": Kvm(vm, users=2 + plan.vcpus),
        "crycb": Crycb(f"{vm}.crycb", kvm_lock, waits=not settings.on("masks_in_sie")),
        "kvm_lock": kvm_lock,
        "gisa": GisaParts(gisa, GisaInt(f"{vm}.gisa_int", vm=vm, ref_lock=ref_lock, rules=rules), ref_lock),
        "memory": Memory(f"{vm}.memory", vm, plan.pages),
        "process": Process(f"{vm}.process", files, threads),
        "vcpus": vcpus,
        "vcpu_mutexes": tuple(mutexes) if settings.on("vcpu_mutex") else (),
        "group": Group(f"{vm}.group", lock_class="notifier_rwsem"),
        "kvm_vfio_lock": kvm_vfio_lock if settings.on("kvm_vfio_lock") else None,
        "uv_aiv": plan.uv_aiv,
    }
