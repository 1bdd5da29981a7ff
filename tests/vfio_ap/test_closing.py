"""Situations of H1-H16 in the releases: what each era breaks of what the way breaks, and of what it is checked for."""

from __future__ import annotations

import pytest

from aprt.vfio_ap.eras import ERAS
from tests.vfio_ap.releases import ask, broken

# the VM is gone when its masks, or kvm->lock, are touched: P9; the last put is under a lock that the end wants: K1
KILLED = [
    ("4.20", {"P4", "P9"}),
    ("5.3", {"P1", "P4"}),
    ("5.12", {"P1", "P4", "K1"}),
    ("5.15", {"P1", "P4", "P9"}),
    ("6.0", {"P1", "P4", "K1"}),
    ("6.2", {"P1", "P4", "P9"}),
    ("6.3", {"P1"}),
    ("6.6", set[str]()),
    ("2026", set[str]()),
]


@pytest.mark.parametrize(("era", "expected"), KILLED, ids=[row[0] for row in KILLED])
def test_a_killed_qemu_whose_device_somebody_else_has_too(era: str, expected: set[str]) -> None:
    assert broken(f"{era}/killed-with-copy", "P1", "P4", "P9", "K1") == expected


@pytest.mark.parametrize("era", ["5.3", "5.13", "5.15", "6.2", "2026"])
@pytest.mark.parametrize("name", ["device-kept", "device-duplicated"])
def test_since_5_3_a_device_that_is_kept_open_keeps_the_vm(era: str, name: str) -> None:
    assert broken(f"{era}/{name}", *ERAS[era].scenario(name).properties) == set()


def test_in_4_20_a_device_that_is_kept_open_does_not_keep_the_vm_but_nothing_uses_it() -> None:
    assert broken("4.20/device-kept", "P1", "P4", "P9") == {"P4"}


@pytest.mark.parametrize(("era", "broke"), [("5.3", True), ("5.15", True), ("6.3", True), ("6.6", False)])
def test_an_exit_in_the_safe_order_needs_a_reset_that_is_waited_for(era: str, broke: bool) -> None:
    assert broken(f"{era}/exit-in-order", "P1") == ({"P1"} if broke else set())
    assert broken(f"{era}/exit-in-order+guest=enable_reset", "P1") == ({"P1"} if broke else set())


def test_from_5_3_on_a_call_of_the_hook_does_not_go_to_freed_text() -> None:
    hook = {"null-ptr-deref: pqap_hook of vm0 is NULL"}  # it is read twice, without a lock (B4)
    assert {f.text for f in ask("5.13/module-unloaded", "P9").findings} == hook
    assert broken("5.15/module-unloaded", "P9") == set()


SECOND = [("5.3", set[str]()), ("5.13", set[str]()), ("5.15", {"P16", "P9"}), ("6.0", {"P16", "P9"})]


@pytest.mark.parametrize(("era", "expected"), SECOND, ids=[row[0] for row in SECOND])
def test_a_second_mdev_leaves_its_hook_where_the_hook_is_set_before_the_test(era: str, expected: set[str]) -> None:
    assert broken(f"{era}/second-mdev", "P16", "P9", "deadlock") == expected


@pytest.mark.parametrize(("era", "broke"), [("4.20", True), ("5.3", True), ("5.12", True), ("5.13", False)])
def test_unassign_slips_past_its_test_until_that_is_made_under_the_lock(era: str, broke: bool) -> None:
    found = ask(f"{era}/attach-while-unassigned", "P17")
    assert [f.text for f in found.findings] == ["vm0 reaches 05.0004, which no mdev assigns to it"] * broke
