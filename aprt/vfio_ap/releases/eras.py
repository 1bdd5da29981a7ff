"""The eras of the releases: their switches, and the scenarios that make sense in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, partial

import attrs
from pyrsistent import pmap

from aprt.core.scenario import Era, Model, Scenario, Settings
from aprt.vfio_ap.host.bounds import NOT_MODELLED
from aprt.vfio_ap.host.closing import closings
from aprt.vfio_ap.host.delivery import deliveries
from aprt.vfio_ap.host.twins import twins
from aprt.vfio_ap.lock_order import BEFORE_5_15, FROM_5_15, FROM_6_0, LOCK_NAMES
from aprt.vfio_ap.mainline.driver import ops
from aprt.vfio_ap.releases.assigning import ASSIGNING
from aprt.vfio_ap.releases.attaching import AP_CONFIG, ATTACHING
from aprt.vfio_ap.releases.bus import BUS
from aprt.vfio_ap.releases.elements import ASSUMED
from aprt.vfio_ap.releases.elements import ERA as TODAY
from aprt.vfio_ap.releases.fixes import has
from aprt.vfio_ap.releases.handlers import HANDLERS
from aprt.vfio_ap.releases.host_config import HOST_CONFIG
from aprt.vfio_ap.releases.host_gains import HOST_GAINS
from aprt.vfio_ap.releases.host_queue import HOST_QUEUES
from aprt.vfio_ap.releases.host_resets import HOST_RESETS
from aprt.vfio_ap.releases.life import LIFE_CYCLES, OPEN_WHILE_ENDING
from aprt.vfio_ap.releases.properties import NEEDING
from aprt.vfio_ap.releases.protected import CLEAR_IRQS, WITHOUT_AIV
from aprt.vfio_ap.releases.refused import REFUSED
from aprt.vfio_ap.releases.situation import Situation
from aprt.vfio_ap.releases.switches import switches
from aprt.vfio_ap.releases.titles import TITLES
from aprt.vfio_ap.releases.vm_pointer import GROUP_TAKEN, PV_SWITCH, REGROUP, REJOIN, TWO_CLOSERS


def _named(scenarios: Iterable[Scenario], *names: str) -> tuple[Scenario, ...]:
    return tuple(scenario for scenario in scenarios if scenario.name in names)


_CLOSINGS, _DELIVERIES = closings(Situation), deliveries(Situation)

_SCENARIOS = (
    ("4.20", (*_named(LIFE_CYCLES, "kill-qemu", "rogue-close"), REJOIN, *HOST_QUEUES)),
    ("4.20", (*_named(_CLOSINGS, "killed-with-copy", "device-kept"), *_named(_DELIVERIES, "without-gisa"))),
    ("4.20", (*_named(ATTACHING, "attach-while-unassigned"), *_named(BUS, "masks-scan", "early-change"))),
    ("5.3", (*LIFE_CYCLES, GROUP_TAKEN, REGROUP, CLEAR_IRQS, *HANDLERS, *HOST_RESETS, *_CLOSINGS, *_DELIVERIES)),
    ("5.3", (*twins(Situation), *_named(REFUSED, "no-gisa", "nib-zero"))),
    ("5.3", (*_named(ATTACHING, "second-mdev"), *_named(HOST_CONFIG, "lose-enabled"))),
    ("5.7", (PV_SWITCH,)),
    ("5.18", WITHOUT_AIV),
    ("6.0", (TWO_CLOSERS, OPEN_WHILE_ENDING, *ASSIGNING, *REFUSED, *HOST_CONFIG, *HOST_GAINS, *ATTACHING, *BUS)),
    ("6.10", (AP_CONFIG,)),
)
"""Scenarios, each row with the release from which on they make sense."""


@cache
def release(name: str) -> Era:
    """The era of that name, one of `TITLES`."""
    mine = (s for since, scenarios in _SCENARIOS if has(name, since) for s in scenarios)
    order = FROM_6_0 if has(name, "6.0") else FROM_5_15 if has(name, "5.15") else BEFORE_5_15
    known = switches(name)
    features = frozenset(switch.name for switch in known if switch.kind == "feature" and switch.default == "in")
    scenarios = pmap({s.name: _of(features, s) for s in (map(_with_needs, mine) if name == TODAY else mine)})
    functions = ops("dynamic_config" in features).functions
    return Era(
        name,
        TITLES[name],
        known,
        scenarios,
        lock_order=order,
        lock_names=LOCK_NAMES,
        functions=functions,
        not_modelled=NOT_MODELLED,
    )


def _of(features: Iterable[str], scenario: Scenario) -> Scenario:
    """A scenario with those of its properties that can be asked where the kernel is built with these features."""
    lacking = {id for feature, makers in NEEDING.items() if feature not in features for id in makers}
    return attrs.evolve(scenario, properties=tuple(id for id in scenario.properties if id not in lacking))


def _with_needs(scenario: Scenario) -> Scenario:
    """A scenario of today's driver, whose models then tell which assumptions their properties are known to need."""
    rows = [(row.assumption.partition("=")[0], row.breaks) for row in ASSUMED if row.scenario == scenario.name]
    needed = tuple((id, name) for name, breaks in rows for id in breaks)
    return attrs.evolve(scenario, build=partial(_build, scenario.build, needed)) if needed else scenario


def _build(build: Callable[[Settings], Model], needed: tuple[tuple[str, str], ...], settings: Settings) -> Model:
    """The model with what it needs; nothing is said when switches are not as in the era, which may change that."""
    return build(settings) if settings.chosen else attrs.evolve(build(settings), needed=needed)
