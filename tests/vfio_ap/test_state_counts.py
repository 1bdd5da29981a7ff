"""Exact sizes of the state graphs of the small scenarios, and the brute-force enumerator's word for the smallest.

What a state is stands in `aprt.core.system`. A number that changes here means that the model, or the merging of
control states, has changed: both are worth a look.
"""

from __future__ import annotations

from functools import partial

import pytest

from aprt.core.properties import Property, always, at_end
from aprt.core.system import View
from aprt.explore.explore import explore
from aprt.vfio_ap.v4.era import V4
from tests.explore.enumerator import Values, reachable
from tests.vfio_ap.machines import model

# 10,000 states and more
LARGE = {"card-off", "close-vs-unbind", "h1", "h13", "h2", "qemu-reset", "rogue-close"}

# what the enumerator can see too: findings of handlers, and deadlocks
NOTED = ("P9", "P10", "K1", "K2", "K3", "P22", "P23", "deadlock")

# scenario; states, transitions, end states, deadlocks, states after an oops, longest shortest schedule
COUNTS = [
    ("alert", 2600, 7354, 2, 0, 0, 83),
    ("alert+all-measures", 2603, 7358, 2, 0, 0, 85),
    ("assign", 615, 1235, 3, 0, 0, 47),
    ("assign+all-measures", 520, 983, 3, 0, 0, 48),
    ("attach", 412, 725, 4, 0, 0, 49),
    ("attach+all-measures", 473, 842, 4, 0, 0, 54),
    ("card-broken", 9705, 23540, 12, 0, 0, 74),
    ("card-gone", 1100, 1999, 3, 0, 0, 74),
    ("card-gone+all-measures", 1289, 2379, 3, 0, 0, 75),
    ("close-and-use", 326, 715, 2, 0, 0, 25),
    ("close-and-use+all-measures", 194, 358, 1, 0, 0, 31),
    ("close-vs-unbind+all-measures", 6862, 19095, 5, 0, 0, 73),
    ("dma-unmap", 103, 192, 2, 0, 0, 24),
    ("dma-unmap+all-measures", 114, 214, 2, 0, 0, 26),
    ("end-armed", 12, 11, 1, 0, 0, 11),
    ("stale-restore", 228, 480, 3, 0, 0, 21),
    ("stale-restore+all-measures", 158, 276, 3, 0, 0, 24),
    ("end-listed", 5, 5, 0, 0, 0, 4),
    ("late-reply", 3537, 10119, 4, 0, 0, 59),
    ("late-kick", 14095, 41883, 5, 0, 0, 54),
    ("lost-kick", 2194, 6281, 3, 0, 0, 37),
    ("without-gisa", 1391, 2627, 4, 0, 4, 59),
    ("without-gisa+all-measures", 1248, 1974, 2, 0, 4, 70),
    ("sparse-ids", 1810, 5095, 3, 0, 0, 31),
    ("kill-qemu", 2166, 4492, 4, 0, 0, 72),
    ("kill-qemu+all-measures", 1687, 2982, 2, 0, 0, 82),
    ("qemu-reset+all-measures", 6680, 13558, 3, 0, 0, 85),
    ("rebind", 1311, 3117, 2, 0, 0, 59),
    ("rebind+all-measures", 1101, 2457, 2, 0, 0, 62),
    ("remove-mdev", 2792, 7138, 5, 0, 4, 54),
    ("remove-mdev+all-measures", 853, 1908, 2, 0, 0, 65),
    ("remove-vs-intercept", 555, 1227, 2, 0, 0, 48),
    ("remove-vs-intercept+all-measures", 479, 979, 2, 0, 0, 51),
    ("reset-reenable", 90, 119, 1, 0, 0, 57),
    ("reset-reenable+all-measures", 96, 127, 1, 0, 0, 61),
    ("reset-reenable-busy", 149, 210, 3, 0, 0, 54),
    ("reset-reenable-busy+all-measures", 149, 209, 2, 0, 0, 58),
    ("rogue-close+all-measures", 5884, 12045, 3, 0, 0, 79),
    ("two-cards", 7791, 24914, 9, 0, 0, 45),
    ("two-guests", 559, 1278, 1, 0, 0, 42),
    ("two-guests+all-measures", 736, 1724, 1, 0, 0, 46),
    ("two-queues", 543, 1242, 1, 0, 0, 41),
    ("two-queues+all-measures", 716, 1678, 1, 0, 0, 45),
    ("two-vms", 7653, 22657, 2, 0, 926, 35),
    ("two-vms+all-measures", 7653, 22657, 2, 0, 926, 35),
    ("unplug", 1899, 4426, 7, 0, 0, 49),
    ("unplug+all-measures", 502, 961, 2, 0, 0, 58),
    ("h3", 298, 571, 2, 0, 0, 38),
    ("h3+all-measures", 206, 412, 2, 0, 0, 29),
    ("h4", 326, 632, 2, 0, 0, 39),
    ("h4+all-measures", 237, 480, 2, 0, 0, 30),
    ("h5", 2240, 4824, 4, 0, 0, 57),
    ("h5+all-measures", 1177, 2247, 3, 0, 0, 84),
    ("h6", 290, 546, 0, 0, 10, 37),
    ("h6+all-measures", 206, 412, 2, 0, 0, 29),
    ("h7", 3908, 8219, 8, 0, 0, 70),
    ("h7+all-measures", 1068, 2035, 3, 0, 0, 77),
    ("h8", 1066, 2222, 4, 0, 30, 47),
    ("h8+all-measures", 479, 979, 2, 0, 0, 51),
    ("h9", 326, 504, 2, 0, 0, 80),
    ("h9+all-measures", 151, 200, 1, 0, 0, 84),
    ("h10", 232, 383, 1, 0, 0, 72),
    ("h10+all-measures", 120, 146, 1, 0, 0, 77),
    ("h11", 211, 361, 3, 0, 0, 28),
    ("h11+all-measures", 234, 401, 3, 0, 0, 31),
    ("h12", 32, 31, 1, 0, 0, 31),
    ("h12+all-measures", 35, 34, 1, 0, 0, 34),
    ("h14", 663, 1423, 2, 0, 21, 46),
    ("h14+all-measures", 728, 1577, 2, 0, 23, 48),
    ("h15", 3205, 8840, 14, 0, 2, 47),
    ("h15+all-measures", 952, 2276, 4, 0, 0, 56),
    ("h16", 9, 8, 1, 0, 0, 8),
    ("h16+all-measures", 11, 10, 1, 0, 0, 10),
]


@pytest.mark.parametrize("row", COUNTS, ids=[str(row[0]) for row in COUNTS])
def test_the_state_graph_has_exactly_this_size(row: tuple[str, int, int, int, int, int, int]) -> None:
    text, *counts = row
    found = explore(model(text).system)
    sizes = (found.states, found.transitions, found.ends, found.deadlocks, found.oopses, found.depth)
    assert (found.complete, found.unmerged, sizes) == (True, (), tuple(counts))


def test_every_scenario_has_a_row_unless_it_is_too_large() -> None:
    listed = {str(row[0]) for row in COUNTS}
    assert {name for name in V4.scenarios if name not in listed} == LARGE


# scenario and worlds (states with their past) in the enumerator; only those without endless polling can be enumerated
WORLDS = [
    ("h16", 9),
    ("h16+all-measures", 11),
    ("h11", 211),
    ("h11+all-measures", 234),
    ("h12", 32),
    ("h12+all-measures", 35),
    ("h3", 358),
    ("h3+all-measures", 218),
    ("h4", 386),
    ("h4+all-measures", 249),
    ("h6", 342),
    ("h10", 581),
    ("h14", 675),
    ("attach", 412),
    ("close-and-use", 417),
    ("dma-unmap", 103),
    ("dma-unmap+all-measures", 114),
    ("kill-qemu", 7308),
    ("remove-vs-intercept", 991),
    ("reset-reenable-busy", 202),
    ("unplug", 2162),
]


@pytest.mark.parametrize(("text", "worlds"), WORLDS, ids=[row[0] for row in WORLDS])
def test_search_and_brute_force_agree(text: str, worlds: int) -> None:
    asked = model(text)
    system = asked.system
    values: set[Values] = set()
    ends: set[Values] = set()

    def collect(into: set[Values], view: View) -> None:
        into.add(tuple(view(actor) for actor in system.actors))

    collecting = (
        always("values", system.actors, partial(collect, values)),
        at_end("ends", system.actors, partial(collect, ends)),
    )
    noted = [Property(p.id, p.title, p.checks) for p in asked.properties if p.id in NOTED]
    found = explore(system, (*collecting, *noted), stop_on="all")
    truth = reachable(system)
    assert (found.complete, found.unmerged) == (True, ())
    assert values == truth.values
    assert ends == truth.ends
    assert {finding.property: len(finding.schedule) for finding in found.findings} == truth.shortest
    assert truth.worlds == worlds
    assert len(truth.values) <= found.states <= worlds
