"""A cycle in the lock order as an answer: replayed on trio, as one schedule or as one for each part."""

from __future__ import annotations

import pytest

from aprt.core.scenario import Era, Model, Scenario
from aprt.core.system import System
from aprt.explore.replay import replay
from aprt.kernel.rules import LOCK_ORDER
from aprt.verdict.ask import ask
from aprt.verdict.case import Case
from aprt.verdict.search import Search
from aprt.verdict.shrink import shrink_recording
from aprt.verdict.tokens import resolve
from aprt.vfio_ap.eras import ERAS
from aprt.view.verdict_json import verdict_object
from tests.detect.test_interrupts import interrupted, plain
from tests.explore.programs.lock_order import either
from tests.explore.programs.locking import nested
from tests.explore.test_interrupts import INCONSISTENT, never_together


def scenario(name: str, system: System) -> Scenario:
    return Scenario(name, name, "", ("P20",), lambda settings: Model(system, (LOCK_ORDER,), (), ()))


SYSTEMS = {
    "gate": nested("GAB", "GBA"),
    "either": either(),
    "interrupted": interrupted(plain),
    "apart": never_together(on=True),
}
LOCKS = Era("locks", "", (), {name: scenario(name, system) for name, system in SYSTEMS.items()})


def case(text: str) -> Case:
    return Case.parse(text, {"locks": LOCKS})


@pytest.mark.parametrize("strategy", ["states", "dpor", "random"])
def test_a_cycle_that_one_execution_shows_is_one_schedule_and_its_token_shows_it_again(strategy: str) -> None:
    (shown,) = ask(case("locks/gate"), search=Search(strategy)).shown
    assert (shown.parts, len(shown.finding.parts), len(shown.events)) == ((), 2, 8)
    recording = resolve(str(shown.token), case)
    assert recording.schedule == shown.finding.schedule
    assert replay(recording.model.system, recording.schedule, (LOCK_ORDER,)).findings == (shown.finding,)


@pytest.mark.parametrize("strategy", ["states", "dpor", "random"])
def test_a_cycle_over_several_executions_has_a_token_for_each_part(strategy: str) -> None:
    (shown,) = ask(case("locks/either"), search=Search(strategy)).shown
    assert shown.finding.text == "possible circular locking dependency: A -> B -> A"
    assert [(part.finding.text, len(part.events), part.finding.is_whole()) for part in shown.parts] == [
        ("t holds A and asks for B in choose_order()", 2, True),
        ("t holds B and asks for A in choose_order()", 2, True),
    ]
    for part in shown.parts:
        assert resolve(str(part.token), case).schedule == part.finding.schedule


@pytest.mark.parametrize("strategy", ["states", "dpor", "random"])
def test_an_inconsistent_lock_state_has_a_token_for_each_usage_that_another_execution_shows(strategy: str) -> None:
    verdict = ask(case("locks/apart"), search=Search(strategy))
    (shown,) = verdict.shown
    usages = ["timer asks for a in a hardirq in callback()", "task holds a with hardirqs on in either()"]
    assert (shown.finding.text, [part.finding.text for part in shown.parts]) == (INCONSISTENT, usages)
    for part in shown.parts:
        assert resolve(str(part.token), case).schedule == part.finding.schedule
    (told,) = verdict_object(verdict)["findings"]
    assert ([part["text"] for part in told["parts"]], told["realised"]) == (usages, None)


def test_an_inconsistent_lock_state_that_one_execution_shows_is_made_smaller_as_such() -> None:
    (shown,) = ask(case("locks/interrupted"), search=Search("random", seed=3)).shown
    shrunk = shrink_recording(resolve(str(shown.token), case))
    assert (shrunk.minimal.claim, shrunk.finding.text) == ("optimal", INCONSISTENT)
    steps = ["task: timer.arm", "task: a.lock", "task: a.unlock", "timer: timer.fire"]  # no preemption
    assert [f"{label.context}: {label.op}" for label in shrunk.finding.schedule] == steps


def test_a_schedule_with_a_cycle_is_made_smaller_as_a_schedule_with_that_cycle() -> None:
    slow = [*(("t0", f"{lock}.{op}") for lock, op in [("G", "lock"), ("A", "lock"), ("B", "lock"), ("B", "unlock")])]
    (shown,) = ask(case("locks/gate"), search=Search("random", seed=3)).shown
    shrunk = shrink_recording(resolve(str(shown.token), case))
    assert (shrunk.minimal.claim, shrunk.minimal.after.steps, shrunk.minimal.after.preemptions) == ("optimal", 8, 0)
    assert [(label.context, label.op) for label in shrunk.finding.schedule][:4] in (
        slow,
        [("t1", f"{lock}.{op}") for lock, op in [("G", "lock"), ("B", "lock"), ("A", "lock"), ("A", "unlock")]],
    )
    assert shrunk.finding.text == shown.finding.text


def test_the_mutant_of_v4_is_shown_whole() -> None:
    verdict = ask(Case.parse("v4/kill-qemu+masks_locks_crossed", ERAS), ("P20",))
    (shown,) = verdict.shown
    assert shown.finding.text == "possible circular locking dependency: kvm_lock -> matrix_lock -> kvm_lock"
    assert [part.text for part in shown.finding.parts] == [
        "exit holds vm0.kvm_lock and asks for matrix_lock in kvm_arch_crypto_clear_masks()",
        "exit holds matrix_lock and asks for vm0.kvm_lock in kvm_arch_crypto_clear_masks()",
    ]
