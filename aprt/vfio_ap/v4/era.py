"""Era v4: the patch series "vfio: ap: AP Queue Interrupt Control" of February 2019, on the driver of 5.0."""

from __future__ import annotations

from pyrsistent import pmap

from aprt.core.scenario import Era
from aprt.vfio_ap.host.bounds import NOT_MODELLED
from aprt.vfio_ap.host.delivery import deliveries
from aprt.vfio_ap.host.twins import twins
from aprt.vfio_ap.lock_order import BEFORE_5_15, LOCK_NAMES
from aprt.vfio_ap.series.driver import OPS
from aprt.vfio_ap.v4.life import LIFE_CYCLES
from aprt.vfio_ap.v4.scenarios import SCENARIOS
from aprt.vfio_ap.v4.situation import Situation
from aprt.vfio_ap.v4.switches import GROUPS, SWITCHES
from aprt.vfio_ap.v4.ways import WAYS

_SCENARIOS = (
    *LIFE_CYCLES,
    *SCENARIOS,
    *twins(Situation),
    *deliveries(Situation),
    *(way.scenario for way in WAYS),
)

V4 = Era(
    name="v4",
    title='the series "vfio: ap: AP Queue Interrupt Control", version 4, February 2019, partly reconstructed',
    switches=SWITCHES,
    scenarios=pmap({scenario.name: scenario for scenario in _SCENARIOS}),
    groups=pmap(GROUPS),
    lock_order=BEFORE_5_15,
    lock_names=LOCK_NAMES,
    functions=OPS.functions,
    not_modelled=NOT_MODELLED,
)
