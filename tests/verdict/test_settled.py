"""Parameters that a scenario settles itself: told by what its model asks for when it is built."""

import pytest

from aprt.verdict.case import Case
from aprt.verdict.settled import settled
from aprt.vfio_ap.eras import ERAS

WAYS_AND_KICKS = {"assign", "end-armed", "end-listed", "h11", "h12", "h16", "late-kick", "sparse-ids", "two-vms"}


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("guest=use", {*WAYS_AND_KICKS, "lost-kick", "stale-restore"}),
        ("vcpus=2", {*WAYS_AND_KICKS, "attach", "two-cards", "two-queues"}),
        ("queues=2", {*WAYS_AND_KICKS, "attach", "two-cards", "two-guests", "two-queues"}),
    ],
)
def test_the_scenarios_that_settle_a_parameter_themselves(word: str, names: set[str]) -> None:
    cases = (Case.parse(f"v4/{name}+{word}", ERAS) for name in ERAS["v4"].scenarios)
    assert {case.scenario.name for case in cases if word in settled(case)[0]} == names


def test_only_what_changes_nothing_is_left_out() -> None:
    words, case = settled(Case.parse("v4/stale-restore+guest=use+vcpus=2+vm_ref", ERAS))
    assert (words, str(case)) == (("guest=use",), "v4/stale-restore+vm_ref+vcpus=2")


def test_the_value_that_a_scenario_has_by_itself_is_no_change() -> None:
    case = Case.parse("v4/rebind+guest=enable_use", ERAS)
    assert settled(case) == ((), case)


def test_every_scenario_can_have_two_vcpus_and_two_queues() -> None:
    for name in ERAS["2026"].scenarios:
        words, case = settled(Case.parse(f"2026/{name}+vcpus=2+queues=2", ERAS))
        queues = [context for context in case.model().system.contexts if context.name.startswith("reset ")]
        assert len(queues) >= 2 or "queues=2" in words, name
