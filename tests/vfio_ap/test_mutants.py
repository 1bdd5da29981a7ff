"""Every mutant of the series breaks what it is there for, and no more."""

from __future__ import annotations

import pytest

from aprt.vfio_ap.v4.switches import SWITCHES
from tests.vfio_ap.machines import ask, broken

ALL = "kill-qemu+all-measures"
# mutants, and fixes that v4 has: a scenario, and what breaks there that holds without the mutant, or with the fix
MUTANTS_IN = [
    ("assign_twice", "assign", {"P13", "P14"}),
    ("wrong_rc", "reset-reenable-busy", {"P24"}),
    ("free_before_reset", ALL, {"P8", "P12", "P35"}),
    ("keep_irq_record", ALL, {"P5", "P6", "P7", "P34"}),
    ("put_early", ALL, {"K1", "P21"}),
    ("put_twice", "rogue-close+all-measures", {"P9", "K3"}),
    ("masks_lock=masks_unlocked", ALL, {"P19", "P22"}),
    ("masks_lock=masks_locked_twice", ALL, {"K1"}),
    ("masks_lock=masks_unlocked_twice", ALL, {"K2"}),
    ("masks_in_sie", "close-and-use+all-measures", {"P11", "P19", "livelock"}),
    ("restore_nothing", "alert", {"P30", "P41"}),
    ("masks_lock=masks_in_spinlock", ALL, {"P23"}),
    ("masks_lock=masks_locks_crossed", "kill-qemu", {"P20"}),
    ("insert_while_listed", "lost-kick+queues=2", {"P26"}),
    ("B41=out", "unplug+delivery+guest=enable_use", {"P26", "livelock"}),
    ("gib_rearm_early", "two-vms", {"P26", "P27"}),
    ("B42=out", "without-gisa+B46+moved_kernel", {"P48"}),
    ("B43=out", "alert", {"P27", "P30"}),
    ("alert_mask_kept", ALL, {"P3", "P25", "P29"}),
    ("iam_left_armed", ALL, {"P3", "P25", "P29"}),
    ("timer_after_destroy", "two-vms+destroy_synchronizes", {"P3", "P9", "P28"}),
]

TOO_MANY = {"insert_while_listed"}  # states of its scenario: the search stops at the first violation


@pytest.mark.parametrize(("mutant", "scenario", "breaks"), MUTANTS_IN, ids=[row[0] for row in MUTANTS_IN])
def test_a_mutant_breaks_what_it_is_there_for(mutant: str, scenario: str, breaks: set[str]) -> None:
    if mutant in TOO_MANY:
        assert {f.property for f in ask(f"{scenario}+{mutant}", *breaks, stop_on="first").findings} == breaks
    else:
        assert broken(f"{scenario}+{mutant}") - broken(scenario) == breaks


@pytest.mark.slow
def test_the_scenario_of_insert_while_listed_keeps_p26_without_it() -> None:
    assert broken("lost-kick+queues=2", "P26") == set()


def test_a_destroy_that_ignores_the_list_leaves_the_gisa_in_it() -> None:
    left = [ask(text, "P3", stop_on="first").findings[0].text for text in ("two-vms", "two-vms+destroy_ignores_list")]
    assert left == ["gisa_destroy leaves the timer armed", "gisa_destroy leaves vm0.gisa in the alert list"]


def test_every_mutant_is_tried() -> None:
    mutants = {s.word for s in SWITCHES if s.kind == "mutant" or (s.kind == "fix" and s.default == "in")}
    elsewhere = {"destroy_ignores_list", "irq_stays_pending", "reset_stays_pending"}  # above; test_liveness_properties
    assert mutants == {row[0].partition("=")[0] for row in MUTANTS_IN} | elsewhere
    values = next(s.values for s in SWITCHES if s.name == "masks_lock")
    assert {f"masks_lock={value}" for value in values[1:]} <= {row[0] for row in MUTANTS_IN}
