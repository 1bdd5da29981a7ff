"""The eras one after the other: what a guest's end breaks in each, and what the driver did before 6.0, step by step."""

from __future__ import annotations

from typing import Any

import pytest

from aprt.core.errors import UserError
from aprt.core.system import System
from aprt.vfio_ap.ap.ap_bus import ApBusState
from aprt.vfio_ap.eras import ERAS
from tests.vfio_ap.releases import ask, broken, model

ASKED = ("P1", "P3", "P4", "P8", "P9", "K1", "P20", "P21")

# P1, P8: a reset is not waited for, or not long enough. P4: the VM goes before the mdev's pointer to it is cleared
KILLED = [
    ("v4", {"P1", "P3", "P4", "P8"}),
    ("4.20", {"P4"}),
    ("5.3", {"P1", "P4", "P8"}),
    ("5.12", {"P1", "P4", "P8", "K1", "P21"}),  # the notifier, called by the end of the VM, wants the lock again
    ("5.13", {"P1", "P4", "P8", "K1", "P21"}),
    ("5.15", {"P1", "P4", "P8", "P9"}),  # kvm->lock is given back after the VM is gone
    ("6.0", {"P1", "P4", "P8", "K1", "P20", "P21"}),  # B11
    ("6.2", {"P1", "P4", "P8", "P9", "P20"}),  # as 5.15, and B12
    ("6.3", {"P1", "P8"}),
    ("6.6", set[str]()),
    ("6.8", set[str]()),
    ("6.12", set[str]()),
    ("6.16", set[str]()),
    ("2026", set[str]()),
]

CLOSED = [
    ("v4", {"P1", "P3", "P4", "P8", "P9"}),
    ("4.20", {"P4", "P9"}),
    ("5.3", {"P1", "P4", "P8", "P9"}),  # a vCPU reads the hook without a lock (B4)
    ("5.12", {"P1", "P4", "P8", "P9", "K1", "P20", "P21"}),
    ("5.13", {"P1", "P4", "P8", "P9", "K1", "P20", "P21"}),
    ("5.15", {"P1", "P4", "P8", "P9"}),
    ("6.0", {"P1", "P4", "P8", "K1", "P20", "P21"}),
    ("6.2", {"P1", "P4", "P8", "P9", "P20"}),
    ("6.3", {"P1", "P8"}),
    ("6.6", set[str]()),
    ("6.8", set[str]()),
    ("6.12", set[str]()),
    ("6.16", set[str]()),
    ("2026", set[str]()),
]

Row = tuple[str, set[str]]


def ids(rows: list[Row]) -> list[str]:
    return [row[0] for row in rows]


@pytest.mark.parametrize(("era", "expected"), KILLED, ids=ids(KILLED))
def test_what_kill_qemu_breaks_in_each_era(era: str, expected: set[str]) -> None:
    assert broken(f"{era}/kill-qemu", *ASKED) == expected


@pytest.mark.slow
@pytest.mark.parametrize(("era", "expected"), CLOSED, ids=ids(CLOSED))
def test_what_rogue_close_breaks_in_each_era(era: str, expected: set[str]) -> None:
    assert broken(f"{era}/rogue-close", *ASKED) == expected


def test_the_tables_have_a_row_for_every_era() -> None:
    assert ids(KILLED) == ids(CLOSED) == list(ERAS)


@pytest.mark.parametrize("era", [era for era in ERAS if era != "v4"])
def test_every_scenario_of_an_era_can_be_asked_for_its_own_properties(era: str) -> None:
    for name, scenario in ERAS[era].scenarios.items():
        built = model(f"{era}/{name}")
        assert len(built.select(scenario.properties)) == len(set(scenario.properties)) > 0


def texts(reference: str, property: str) -> list[str]:
    return [finding.text for finding in ask(reference, *ASKED).findings if finding.property == property]


def test_in_5_12_the_last_reference_dropped_at_close_calls_the_notifier_which_wants_the_lock_again() -> None:
    assert texts("5.12/kill-qemu", "K1") == ["exit locks matrix_lock, which it already holds"]


def test_in_5_15_and_6_2_kvm_lock_is_given_back_in_freed_memory() -> None:
    for era in ("5.15", "6.2"):
        assert texts(f"{era}/kill-qemu", "P9") == ["use after free: touch_lock on freed vm0"]


def test_in_6_0_the_end_of_the_vm_wants_the_groups_lock_again() -> None:
    assert texts("6.0/kill-qemu", "K1") == ["exit locks mdev0.group_lock, which it already holds"]
    assert texts("6.0/kill-qemu+B11", "K1") == []


def locks(reference: str) -> set[str]:
    """The locks of the driver and the vfio core that the machine of a scenario has."""
    names = {actor.name.rpartition(".")[2] for actor in model(reference).system.actors}
    return names & {"matrix_lock", "guests_lock", "mdevs_lock", "dev_set_lock", "group_lock", "kvm_ref_lock"}


def test_the_locks_of_each_era() -> None:
    assert locks("5.3/kill-qemu") == {"matrix_lock"}
    assert locks("5.15/kill-qemu") == {"matrix_lock", "dev_set_lock"}
    two = {"guests_lock", "mdevs_lock", "dev_set_lock", "group_lock"}
    assert locks("6.2/kill-qemu") == two
    assert locks("6.3/kill-qemu") == two | {"kvm_ref_lock"}


def initial(reference: str) -> dict[str, Any]:
    system: System = model(reference).system
    return system.initial()


def test_the_references_of_the_vm_of_an_open_device() -> None:
    files = 3  # VM, vCPU, kvm-vfio
    users = [initial(f"{era}/kill-qemu")["vm0"].users - files for era in ("4.20", "5.3", "6.0", "6.3", "2026")]
    assert users == [0, 1, 1, 2, 2]


def test_before_6_0_a_queue_belongs_to_an_mdev_only_from_aqic_on_and_in_4_20_there_is_no_object() -> None:
    old, first = initial("5.3/kill-qemu"), initial("4.20/kill-qemu")
    assert (old["q 05.0004"].mdev, old["mdev0"].qtable) == (None, ())
    bus = first["ap_bus"]
    assert isinstance(bus, ApBusState)
    assert (first["q 05.0004"].live, bus.drvdata) == (False, {})


def test_a_fix_is_a_switch_only_where_the_code_is_that_it_mends() -> None:
    numbers = {era: {s.name for s in ERAS[era].switches if s.kind == "fix"} for era in ERAS}
    assert {"B2", "B3", "B7"} <= numbers["5.3"]
    assert not {"B11", "B12", "B16", "B29", "B45", "B50"} & numbers["5.15"]
    assert not {"B2", "B3", "B7"} & numbers["6.0"]
    assert not {"B1", "B4", "B5", "B6", "B15", "B38"} & numbers["4.20"]


def test_the_designation_of_no_gisa_became_an_address_in_6_2_and_is_0_again_since_6_11() -> None:
    lacking = [era for era in ERAS if not ERAS[era].settings(ERAS[era].scenario("kill-qemu")).on("gd_of_nothing")]
    assert lacking == ["6.2", "6.3", "6.6", "6.8"]
    assert [broken(f"{era}/without-gisa+moved_kernel", "P48") for era in ("5.3", "6.3")] == [set(), {"P48"}]


def test_a_lock_that_stands_for_two_is_named_once() -> None:
    (text,) = [finding.text for finding in ask("4.20/kill-qemu").findings if finding.property == "P22"]
    assert text == "exit does mdev0.read_kvm without holding matrix_lock or reset_work 05.0004"


def test_how_a_kernel_is_built_cannot_be_changed() -> None:
    era = ERAS["5.15"]
    with pytest.raises(
        UserError, match=r"'dynamic_config' cannot be changed: it is how the kernel of era 5\.15 is built"
    ):
        era.settings(era.scenario("kill-qemu"), ("dynamic_config",))
