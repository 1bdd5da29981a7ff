"""Which thread does a step of a topology's script, and after what."""

from aprt.core.events import Event
from aprt.runtime.run import run
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.eras import ERAS
from aprt.vfio_ap.topology.system import topology_scenario
from aprt.vfio_ap.topology.topology import (
    Action,
    Assignment,
    Boot,
    Enable,
    GuestDefinition,
    Host,
    Kill,
    MdevDefinition,
    Script,
    Topology,
)
from tests.vfio_ap.three_guests import UUID1

Q4, Q5 = Apqn(5, 4), Apqn(5, 5)
BOOT = Boot("g")
MDEV = MdevDefinition(
    UUID1,
    "auto",
    (Assignment("assign_adapter", 5), Assignment("assign_domain", 4), Assignment("assign_domain", 5)),
)


def played(*steps: Action, order: str = "sequence", seed: int = 0) -> tuple[Event, ...]:
    """The events of a script to its end, on a host with one guest, `g`, of two vCPUs."""
    host, guest = Host(Matrix.of([5], [4, 5], [])), GuestDefinition("g", UUID1, vcpus=2)
    script = Script(steps, order="any" if order == "any" else "sequence")
    scenario = topology_scenario(Topology(host, (MDEV,), (guest,), script), "one-guest")
    model = scenario.build(ERAS["v4"].settings(scenario, ["all-measures"]))
    execution = run(model.system, seed=seed, properties=model.select(scenario.properties))
    assert (execution.ending, execution.findings) == ("end", ())
    return execution.events


def enabled(events: tuple[Event, ...]) -> list[tuple[str, str]]:
    """Which vCPU aimed which queue, in the order in which it happened."""
    return [(event.context, event.actor) for event in events if event.label.op.endswith(".aqic") and event.args[0]]


def test_a_step_is_done_by_the_vcpu_that_it_names() -> None:
    for vcpu in (0, 1):
        steps = Enable("g", Q4, vcpu=vcpu), Enable("g", Q5, vcpu=vcpu)
        assert enabled(played(BOOT, *steps)) == [(f"g.vcpu{vcpu}", "hw 05.0004"), (f"g.vcpu{vcpu}", "hw 05.0005")]


def test_steps_that_name_no_vcpu_are_taken_in_turns() -> None:
    steps = Enable("g", Q5, vcpu=1), Enable("g", Q4), Enable("g", Q5), Enable("g", Q4)
    vcpus = [context for context, _ in enabled(played(BOOT, *steps))]
    assert vcpus == ["g.vcpu1", "g.vcpu0", "g.vcpu1", "g.vcpu0"]


def test_in_any_order_vcpus_that_are_named_race_and_others_do_not() -> None:
    named = {
        tuple(enabled(played(BOOT, Enable("g", Q4, vcpu=0), Enable("g", Q5, vcpu=1), order="any", seed=seed)))
        for seed in range(8)
    }
    first, second = ("g.vcpu0", "hw 05.0004"), ("g.vcpu1", "hw 05.0005")
    assert named == {(first, second), (second, first)}
    unnamed = {
        tuple(enabled(played(BOOT, Enable("g", Q4), Enable("g", Q5), order="any", seed=seed))) for seed in range(8)
    }
    assert unnamed == {(first, second)}


def test_in_any_order_everything_comes_after_the_boot() -> None:
    for seed in range(8):
        steps = BOOT, Enable("g", Q4, vcpu=1), Kill("g")
        ops = [event.label.op for event in played(*steps, order="any", seed=seed)]
        booted = max(i for i, op in enumerate(ops) if op == "g.process.install")
        assert booted < ops.index("g.process.sigkill")
        assert all(booted < i for i, op in enumerate(ops) if op == "hw 05.0004.aqic")
