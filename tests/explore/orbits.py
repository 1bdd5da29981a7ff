"""Orbits found without representatives, to hold what a search with symmetry says against them."""

from __future__ import annotations

from aprt import System, explore
from aprt.explore.checking.checks import Checks
from aprt.explore.learned.packing import INITIAL
from aprt.explore.learned.tables import Tables
from aprt.explore.stateful.symmetry import Symmetry


def quotient(system: System) -> dict[int, set[int]]:
    """All states by their representative, which is one of them: found by a plain search and checked against orbits.

    The orbits are found by going from state to state with exchanges, and know of no representatives.
    """
    checks = Checks((), system)
    tables = Tables(system, checks.packing, checks.due)
    exact = Symmetry(system, tables, checks)
    states, todo = {INITIAL}, [INITIAL]
    for state in todo:
        for delta, step, _ in tables.moves(state):
            if state + delta not in states:
                states.add(state + delta)
                todo += [] if tables.steps[step].oops else [state + delta]
    exact.settle()
    left, found = set(states), {}
    while left:
        orbit = [left.pop()]
        for state in orbit:
            others = {exchange.state(state) for exchange in exact.exchanges.values()}
            assert others <= states
            orbit += others & left
            left -= others
        (representative,) = {exact.representative(state) for state in orbit}
        assert representative in orbit
        found[representative] = set(orbit)
    tables.close()
    assert sum(map(len, found.values())) == len(states)
    return found


def check_orbits(system: System) -> tuple[int, int]:
    """How many orbits and states there are, by searches with and without symmetry, and by `quotient`."""
    found, plain, by_hand = explore(system, symmetry=True), explore(system), quotient(system)
    assert (found.states, found.stopped, found.apart) == (len(by_hand), None, ())
    assert (plain.states, plain.stopped) == (sum(map(len, by_hand.values())), None)
    return found.states, plain.states
