"""The search over states and the enumerator agree on random programs (`programs.generated`)."""

from __future__ import annotations

from collections import Counter

import pytest

from aprt import Mutex, Property, View, always, at_end, explore
from aprt.core.properties import DEADLOCK, Noted
from tests.explore.enumerator import Reachable, Values, reachable
from tests.explore.programs.generated import generate

RULES = tuple(Property(id, id, (Noted(),)) for id in ("K1", "K2", "K3", "P9", "P22"))


def assert_agreement(seed: int) -> Reachable:
    """The search finds what the enumerator finds of the program of that seed, which it gives."""
    system = generate(seed)
    values: set[Values] = set()
    ends: set[Values] = set()

    def collect(into: set[Values], view: View) -> None:
        into.add(tuple(view(actor) for actor in system.actors))

    def misheld(view: View) -> str | None:
        wrong = [m.name for m in mutexes if view.held(m.name) != (view(m).owner is not None)]
        return f"held or owned: {wrong}" if wrong else None

    mutexes = tuple(actor for actor in system.actors if isinstance(actor, Mutex))
    seen = (
        always("values", system.actors, lambda view: collect(values, view)),
        at_end("ends", system.actors, lambda view: collect(ends, view)),
        always("held", mutexes, misheld),
    )
    found = explore(system, (*seen, *RULES, DEADLOCK), stop_on="all")
    truth = reachable(system)
    assert (found.complete, found.stopped, found.unmerged) == (True, None, ())
    assert values == truth.values
    assert ends == truth.ends
    shortest = {finding.property: len(finding.schedule) for finding in found.findings}
    if "K2" in shortest:  # a context whose lock another one has unlocked still holds it
        shortest.pop("held", None)
    assert shortest == truth.shortest
    # control states tell apart no more than answers do, and no less than what becomes of the actors
    assert len(truth.values) <= found.states <= truth.worlds
    assert len(truth.deadlocks) <= found.deadlocks <= truth.stuck
    return truth


def test_search_and_enumerator_agree_on_150_random_programs_of_every_kind() -> None:
    kinds: Counter[str] = Counter()
    for seed in range(150):
        truth = assert_agreement(seed)
        kinds.update(truth.shortest.keys())
        kinds["several ends"] += len(truth.ends) > 1
        kinds["oops"] += bool(truth.oopses)
    assert min(kinds[kind] for kind in ("K1", "K2", "K3", "P9", "P22", "deadlock", "several ends", "oops")) >= 1


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("block", range(20))
def test_search_and_enumerator_agree_on_2000_random_programs(block: int) -> None:
    for seed in range(150 + 100 * block, 250 + 100 * block):
        assert_agreement(seed)
