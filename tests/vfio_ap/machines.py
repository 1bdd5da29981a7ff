"""Machines to try single behaviours on: built, brought into a state, run alone to the end of one behaviour."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, Generic, TypeVar

from aprt.core.actor import BLOCK, Actor
from aprt.core.caller import Caller
from aprt.core.effects import Call
from aprt.core.execution import Ending
from aprt.core.scenario import Model, Settings
from aprt.core.system import Behaviour, Context, System
from aprt.explore.explore import explore
from aprt.explore.result import Exploration, StopOn
from aprt.explore.stepper import Stepper
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.ap.queue_state import ApQueueState
from aprt.vfio_ap.host import machine as host
from aprt.vfio_ap.host.aqic import Aqic
from aprt.vfio_ap.host.build import GuestPlan
from aprt.vfio_ap.host.guest_code import execute
from aprt.vfio_ap.host.hardware import hardware
from aprt.vfio_ap.series.build import make_machine, states
from aprt.vfio_ap.series.machine import Guest, Machine, Queue
from aprt.vfio_ap.series.vfio_ap_queue import Saved, VfioApQueueState
from aprt.vfio_ap.v4.era import V4

M = TypeVar("M", bound=host.Machine)

A, B = Apqn(5, 4), Apqn(5, 5)


def settings(*words: str) -> Settings:
    """The switches of v4, with these put in."""
    return V4.settings(V4.scenario("kill-qemu"), words)


def model(text: str, *, without: tuple[str, ...] = ()) -> Model:
    """The model of `scenario+switch+...`, with some of the six measures left out of `all-measures`."""
    name, *words = text.split("+")
    if "all-measures" in words:
        words.remove("all-measures")
        words += [m for m in V4.groups["all-measures"] if m not in without]
    scenario = V4.scenario(name)
    return scenario.build(V4.settings(scenario, words))


@cache
def ask(text: str, *ids: str, without: tuple[str, ...] = (), stop_on: StopOn = "all") -> Exploration:
    """All states of `scenario+switch+...`, looking at these properties (all when none is named)."""
    asked = model(text, without=without)
    return explore(asked.system, asked.select(ids) if ids else asked.properties, stop_on=stop_on)


def broken(text: str, *ids: str, without: tuple[str, ...] = ()) -> set[str]:
    """The properties that `scenario+switch+...` breaks; the search comes to its end."""
    found = ask(text, *ids, without=without)
    assert (found.stopped, found.unmerged) == (None, ())
    return {finding.property for finding in found.findings}


class AnyBench(Generic[M]):
    """A machine with its state. `run` runs one behaviour on it, alone but for the hardware, and keeps the state."""

    def __init__(self, machine: M, initial: dict[str, Any]) -> None:
        self.machine = machine
        self.states: dict[str, Any] = System(machine.actors(), (), initial).initial()
        self.operations: list[str] = []
        self.caller = Caller("me")
        self.ending: Ending = "cut"
        self.waiting: tuple[tuple[str, str], ...] = ()

    def __getitem__(self, actor: Actor[Any]) -> Any:
        return self.states[actor.name]

    def __setitem__(self, actor: Actor[Any], state: Any) -> None:
        self.states[actor.name] = state

    def run(self, behaviour: Behaviour, *choices: str, settles: bool = True) -> Any:
        """What `behaviour` returns when it runs alone, and the environment chooses `choices`, in that order.

        settles: after each step of the behaviour the hardware finishes what is pending. None when the behaviour does
        not get to its end: `ending` and `waiting` (of `Stepper`) say why. `operations`: its steps, in order.
        `caller`: what it holds afterwards.
        """
        chosen, result = list(choices), []

        async def remember() -> None:
            result.append(await behaviour)

        daemons = self.daemons() if settles else []
        system = System(self.machine.actors(), (Context("me", remember), *daemons), self.states)
        with Stepper(system) as stepper:
            while options := stepper.options("me"):
                stepper.step("me", options[0] if len(options) == 1 else f"choose {chosen.pop(0)}")
                while busy := [(c.name, op) for c in daemons for op in stepper.options(c.name)]:
                    stepper.step(*busy[0])
            self.states = stepper.states
            self.operations = [event.label.op for event in stepper.events if event.context == "me"]
            self.caller = stepper.callers["me"]
            self.ending = stepper.ending()
            self.waiting = stepper.waiting()
        return result[0] if result else None

    def daemons(self) -> list[Context]:
        """What finishes by itself what is pending."""
        return hardware(self.machine)

    def do(self, call: Call[Any], context: str = "me") -> Any:
        """One message."""
        outcome = call.actor.handle(self[call.actor], call, Caller(context))
        assert outcome is not BLOCK, f"{call} blocks"
        self[call.actor] = outcome[0]
        return outcome[1]

    def hw(self, **fields: Any) -> None:
        """The hardware queue is in this state."""
        self[self.machine.queues[A].hw] = ApQueueState(**fields)


class Bench(AnyBench[Machine]):
    """A machine under the driver of the series, with these switches put in."""

    def __init__(
        self,
        *words: str,
        apqns: Iterable[Apqn] = (A,),
        plans: Iterable[GuestPlan] = (GuestPlan("vm0", "mdev0", Matrix.of([5], [4])),),
        unbound: Iterable[Apqn] = (),
        spare_mdevs: Iterable[str] = (),
    ) -> None:
        plans = tuple(plans)
        machine = make_machine(settings(*words), apqns, plans, spare_mdevs)
        super().__init__(machine, states(machine, plans, unbound))

    @property
    def guest(self) -> Guest:
        return self.machine.guests[0]

    @property
    def queue(self) -> Queue:
        return self.machine.queues[A]


def enabled(*words: str) -> Bench:
    """An attached guest whose queue has its interrupt on: ISC 3, NIB 0x3f00."""
    bench = Bench(*words)
    bench.run(execute(bench.machine, bench.guest, bench.guest.vcpus[0], Aqic(A)))
    assert bench[bench.queue.object] == VfioApQueueState(True, 1, Saved("vm0", 3, 0x3F00), "mdev0")
    return bench
