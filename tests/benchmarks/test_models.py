"""The measured models: both languages have the same states, transitions and deadlocks."""

from __future__ import annotations

import pytest

from aprt import Context, System, explore
from benchmarks import spin
from benchmarks.catalogue import MEASURED, MODELS, SMALL, Model
from benchmarks.models import remove

ALL = (*SMALL, *MEASURED)
QUICK = 60_000  # states that aprt searches in about a second
COMPILED = 2_000  # the same for Spin, whose models take a second of gcc each; larger ones are compared when time allows
with_spin = pytest.mark.skipif(spin.missing() is not None, reason=str(spin.missing()))


def counts_of_aprt(model: Model) -> tuple[int, int, int]:
    system, properties = model.load()
    found = explore(system, properties, stop_on="all")
    assert found.complete
    return found.states, found.transitions, found.deadlocks


def counts_of_spin(model: Model) -> tuple[int, int, int]:
    measured = spin.check(model)
    return measured.states, measured.transitions, measured.deadlocks


@pytest.mark.parametrize("model", [model for model in ALL if model.states < QUICK], ids=str)
def test_aprt_counts_the_states_of_the_catalogue(model: Model) -> None:
    assert counts_of_aprt(model) == (model.states, model.transitions, model.deadlocks)


@with_spin
@pytest.mark.parametrize("model", [model for model in ALL if model.states < COMPILED], ids=str)
def test_spin_counts_the_states_of_the_catalogue(model: Model) -> None:
    assert counts_of_spin(model) == (model.states, model.transitions, model.deadlocks)


@pytest.mark.slow
@pytest.mark.parametrize("model", [model for model in ALL if QUICK <= model.states < 1_000_000], ids=str)
def test_aprt_counts_the_states_of_large_models(model: Model) -> None:
    assert counts_of_aprt(model) == (model.states, model.transitions, model.deadlocks)


@with_spin
@pytest.mark.slow
@pytest.mark.parametrize("model", [model for model in ALL if model.states >= COMPILED], ids=str)
def test_spin_counts_the_states_of_large_models(model: Model) -> None:
    assert counts_of_spin(model) == (model.states, model.transitions, model.deadlocks)


@with_spin
def test_spin_leaves_out_states_when_it_is_told_who_receives_and_none_of_them_is_the_deadlock() -> None:
    (model,) = (model for model in SMALL if model.name == "philosophers")
    told, untold = spin.check(model, reduce=True), spin.check(model, reduce=True, told=False)
    assert (told.deadlocks, untold.deadlocks) == (1, 1)
    assert told.states < untold.states


def test_every_model_is_there_in_both_languages() -> None:
    names = {model.name for model in ALL}
    assert {path.stem for path in MODELS.glob("*.pml")} == names
    assert {path.stem for path in MODELS.glob("*.py")} == names | {"__init__"}


def test_a_queue_that_is_freed_while_it_is_in_use_is_noticed() -> None:
    queue = remove.Queue("queue")

    async def hasty() -> None:
        await queue.unlink()
        await queue.reset()
        await queue.free()

    guest = Context("vcpu0", lambda: remove.guest((queue,)), daemon=True)
    (finding,) = explore(System((queue,), (guest, Context("admin", hasty))), (remove.FREED,)).findings
    assert finding.text == "queue is freed with its interrupt enabled"
    assert [str(label) for label in finding.schedule] == [
        "vcpu0: choose queue=0",
        "vcpu0: queue.find",
        "admin: queue.unlink",
        "admin: queue.reset",
        "vcpu0: queue.aqic",
        "admin: queue.free",
    ]
