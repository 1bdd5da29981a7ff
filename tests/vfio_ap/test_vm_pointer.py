"""How an mdev loses its VM: B2, B3, B7, B11 and B12, each without its fix and with it; and the flag of 5.13."""

from __future__ import annotations

import pytest

from tests.vfio_ap.releases import ask, model

CIRCLE = "possible circular locking dependency: "

RACES = [
    ("5.13/pv-switch-B2", "P20", CIRCLE + "kvm_lock -> vcpu_mutex -> matrix_lock -> kvm_lock"),
    ("5.13/pv-switch", "P20", CIRCLE + "kvm_busy -> kvm_lock -> vcpu_mutex -> kvm_busy"),  # B2 in, B3 out
    ("5.12/group-taken-B7", "P4", "every file is closed and vm0 is still alive (1 reference)"),
    ("5.12/group-taken-B7", "P16", "the hook of vm0 is mdev0, the mdev that has it is none"),
    ("6.2/kill-qemu-B11", "P21", "exit dropped the last reference under mdev0.group_lock, which vm0.destroy needs"),
    ("6.2/kill-qemu-B11", "K1", "exit locks mdev0.group_lock, which it already holds"),
    ("6.3/two-closers-B12", "P20", CIRCLE + "group_lock -> kvm_lock -> group_lock"),
    ("5.12/regroup+unregister_locked", "P20", CIRCLE + "matrix_lock -> notifier_rwsem -> matrix_lock"),
    ("6.2/two-closers", "deadlock", "device waits for vm0.kvm_lock.lock, kvm_vfio waits for mdev0.group_lock.lock"),
]

GONE = [
    ("5.13/pv-switch+B3", "P20"),
    ("5.12/group-taken", "P4"),
    ("5.12/group-taken", "P16"),
    ("6.2/kill-qemu", "P21"),
    ("6.3/two-closers", "P20"),
    ("6.3/two-closers", "deadlock"),
    ("2026/pv-switch", "P20"),
    *((f"{era}/regroup", "P20") for era in ("5.3", "5.12", "5.13", "5.15", "6.0", "6.2", "6.3", "2026")),
]


@pytest.mark.parametrize(("reference", "property", "text"), RACES, ids=[f"{r[0]} {r[1]}" for r in RACES])
def test_the_race_is_found_without_its_fix(reference: str, property: str, text: str) -> None:
    assert [finding.text for finding in ask(reference, property).findings] == [text]


@pytest.mark.parametrize(("reference", "property"), GONE, ids=[f"{r[0]} {r[1]}" for r in GONE])
def test_it_is_gone_with_it(reference: str, property: str) -> None:
    found = ask(reference, property)
    assert (found.stopped, found.unmerged, found.findings) == (None, (), ())


def test_the_flag_deadlocks_three_threads_as_the_lock_did() -> None:
    (lock,) = ask("5.13/pv-switch-B2", "deadlock").findings
    (flag,) = ask("5.13/pv-switch", "deadlock").findings
    others = "user waits for vm0.kvm_lock.lock, pv waits for vm0.vcpu0.mutex.lock"
    assert lock.text == f"vm0.vcpu0 waits for matrix_lock.lock, {others}"
    assert flag.text == f"vm0.vcpu0 waits for mdev0.wait_for_kvm.schedule, {others}"


def test_the_flag_and_the_hooks_rwsem_deadlock_two_as_between_the_commits_of_b4_and_b3() -> None:
    (circle,) = ask("5.15/pv-switch-B3", "P20").findings
    assert circle.text == CIRCLE + "kvm_busy -> pqap_hook_rwsem -> kvm_busy"


def test_only_a_kernel_between_b2_and_b3_has_the_flag() -> None:
    flagged = {
        reference
        for reference in ("5.12/kill-qemu", "5.13/kill-qemu", "5.15/kill-qemu", "5.12/kill-qemu+B2", "6.0/kill-qemu")
        if "mdev0.kvm_busy" in {actor.name for actor in model(reference).system.actors}
    }
    assert flagged == {"5.13/kill-qemu", "5.12/kill-qemu+B2"}
