"""Any system as a case, for what is asked of cases."""

from __future__ import annotations

from aprt.core.properties import Property
from aprt.core.scenario import Era, Model, Scenario
from aprt.core.schedule import Schedule
from aprt.core.system import System
from aprt.verdict.case import Case
from aprt.verdict.tokens import Recording


def case_of(system: System, *properties: Property) -> Case:
    """The scenario `of/it`, whose own properties these are."""
    model = Model(system, properties, (), ())
    scenario = Scenario("it", "a system", "", tuple(p.id for p in properties), lambda settings: model)
    return Case.make(Era("of", "", (), {"it": scenario}), scenario)


def recording_of(case: Case, schedule: Schedule) -> Recording:
    return Recording(case, case.model(), schedule, "a schedule")
