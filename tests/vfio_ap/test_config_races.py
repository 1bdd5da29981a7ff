"""Races about configuration changes, attaching and the bus: what breaks without a fix, what 2026 is known to break."""

from __future__ import annotations

import pytest

from aprt.explore.replay import replay
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.host.build import GuestPlan
from aprt.vfio_ap.host.bus_scan import change_config
from tests.vfio_ap.release_bench import ReleaseBench
from tests.vfio_ap.releases import ask, assert_fix_removes_a_race, broken, model

BESIDE = (Apqn(5, 4), Apqn(6, 4))

# scenario, its fix, what breaks without it, states with it; nothing is broken then
BREAKS = [
    ("second-mdev", "B17", {"P9", "P16", "P39"}, 1213),
    ("lose-enabled", "B18", {"P5", "P6"}, 66),
    ("lose-unused", "B19", {"P9"}, 48),
    ("create-while-walked", "B20", {"P22"}, 3520),
    ("probe-while-read", "B22", {"P9"}, 238),
    ("gain-control-domain", "B23", {"P45"}, 851),
    ("lose-control-domain", "B25", {"P36"}, 886),
    ("gain-adapter", "B26", {"P22"}, 1736),
    ("assign-absent", "B30", {"P36", "P52"}, 637),
    ("gain-two-adapters", "B31", {"P43"}, 97),
    ("early-change", "B49", {"P9"}, 93),
    ("masks-in-use", "B50", {"P7"}, 12),
    ("masks-scan", "B51", {"P46"}, 730),
]


@pytest.mark.parametrize(("name", "fix", "breaks", "states"), BREAKS, ids=[row[1] for row in BREAKS])
def test_a_race_is_there_without_its_fix_and_nothing_is_broken_with_it(
    name: str, fix: str, breaks: set[str], states: int
) -> None:
    assert_fix_removes_a_race(name, fix, breaks, states)


@pytest.mark.parametrize(("fix", "more"), [("B21", {"P17", "P18", "P45"}), ("B32", {"P45"})])
def test_a_lost_adapter_breaks_more_without_a_fix(fix: str, more: set[str]) -> None:
    assert broken(f"2026/lose-adapter-{fix}") == {"P5", "P6"} | more


# a refused enable keeps its pin and its registration: P5, P6; request() and ap_config_show() take no lock: P22
KNOWN = [
    ("lose-adapter", {"P5", "P6"}, 1797),
    ("lose-domain", {"P5", "P6"}, 1797),
    ("adapter-replaced", {"P5", "P6"}, 3039),
    ("attach-while-lost", {"P5", "P6"}, 3894),
    ("attach-while-removed", {"P22"}, 3596),
    ("remove-open-mdev", {"P22"}, 3083),
    ("read-attributes", {"P22"}, 559),
    ("eventfd-kept", {"P7", "P22"}, 211),
    ("unassign-filtered", {"P9", "P13"}, 497),
    ("masks-and-unbind", {"P9"}, 688),
    ("attach-while-unassigned", set(), 1412),
    ("ap-config", set(), 899),
    ("masks-and-assign", set(), 673),
    ("lose-and-regain", set(), 955),
    ("lose-and-unbind", set(), 7840),
    ("gain-and-assign", {"P13"}, 1458),
    ("gain-and-attach", set(), 4574),
    ("unassign-unbound", {"P36"}, 108),
]


@pytest.mark.parametrize(("name", "breaks", "states"), KNOWN, ids=[row[0] for row in KNOWN])
def test_what_2026_breaks(name: str, breaks: set[str], states: int) -> None:
    assert broken(f"2026/{name}") == breaks
    assert ask(f"2026/{name}").states == states


def unplugged(*words: str) -> tuple[int, list[tuple[Matrix, Matrix]]]:
    """The host loses adapter 5: how often the driver begins to take something from mdev1, which has 6; all masks."""
    plans = tuple(GuestPlan(f"vm{i}", f"mdev{i}", Matrix.of([apqn.apid], [4])) for i, apqn in enumerate(BESIDE))
    bench = ReleaseBench(*words, apqns=BESIDE, plans=plans)
    bench.run(change_config(bench.machine, lost=Matrix.of([5])))
    states = [bench[mdev] for mdev in bench.machine.mdevs]
    return bench.operations.count("mdev1.set_shadow"), [(state.shadow, state.matrix) for state in states]


def test_without_b24_the_driver_sets_about_to_take_something_from_a_guest_that_loses_nothing() -> None:
    left = [(Matrix.of([], [4]), Matrix.of([5], [4])), (Matrix.of([6], [4]), Matrix.of([6], [4]))]
    assert unplugged("-B24") == (1, left)
    assert unplugged() == (0, left)


@pytest.mark.parametrize("changed", ["6.12/lose-beside+B24", "2026/lose-beside-B24"])
def test_b24_has_no_effect_as_what_is_removed_is_computed_for_each_mdev_anew(changed: str) -> None:
    one, other = ask(changed.removesuffix("+B24").removesuffix("-B24")), ask(changed)
    assert {f.text for f in one.findings} == {f.text for f in other.findings}
    assert (one.complete, other.complete) == (True, True)


def steps(text: str, id: str, *ops: str) -> list[str]:
    """The steps of these kinds on the way to the finding of `id`, as `context: operation = reply`."""
    asked = model(text)
    (finding,) = (f for f in ask(text).findings if f.property == id)
    events = replay(asked.system, finding.schedule, asked.select([id])).events
    return [f"{e.context}: {e.actor}.{e.op} = {e.reply}" for e in events if e.op in ops]


def test_b17_the_failed_open_leaves_its_hook_which_the_guest_follows_to_a_freed_mdev() -> None:
    assert steps("2026/second-mdev-B17", "P9", "set_hook", "read_hook", "free", "read_handler") == [
        "user: vm0.set_hook = None",
        "vm0.vcpu0: vm0.read_hook = mdev1",
        "user: mdev1.free = None",
        "vm0.vcpu0: mdev1.read_handler = None",
    ]


def test_b18_the_queue_is_freed_with_what_it_owns() -> None:
    assert steps("2026/lose-enabled-B18", "P5", "set_shadow", "set_info", "reset", "forget_iova", "free") == [
        "ap_scan: mdev0.set_shadow = None",
        "ap_scan: matrix_dev.set_info = None",
        "ap_scan: q 05.0004.free = None",
    ]


def test_b21_the_masks_of_the_guest_are_not_written() -> None:
    assert steps("2026/lose-adapter-B21", "P18", "set_shadow", "set_masks", "unlock") == [
        "ap_scan: mdev0.set_shadow = None",
        "ap_scan: mdevs_lock.unlock = None",
    ]


def test_b22_the_attribute_is_there_before_its_data() -> None:
    assert steps("2026/probe-while-read-B22", "P9", "create", "enter", "set_drvdata", "follow_drvdata") == [
        "admin: status 05.0004.create = True",
        "reader: status 05.0004.enter = True",
        "reader: ap_bus.follow_drvdata = 0",
    ]


def test_b51_the_scan_deletes_a_device_between_two_drivers() -> None:
    assert steps("2026/masks-scan-B51", "P46", "set_masks", "end_remove", "set_driver") == [
        "admin: ap_bus.set_masks = None",
        "admin: ap_bus.end_remove = None",
        "ap_scan: ap_bus.end_remove = None",
    ]


def test_a_queue_that_no_guest_could_see_keeps_its_pointer_to_an_mdev_that_is_freed() -> None:
    assert steps("2026/unassign-filtered", "P9", "hash_del", "set_mdev", "free", "peek_mdev", "read_kvm")[-4:] == [
        "admin: mdev0.hash_del = None",
        "admin: mdev0.free = None",
        "other: q 05.0004.peek_mdev = mdev0",
        "other: mdev0.read_kvm = None",
    ]
