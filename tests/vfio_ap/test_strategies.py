"""The search over traces comes to the verdicts of the search over states.

Not in the list: scenarios in which somebody tries again until it works. Their executions have no end, and "dpor" needs
a depth for them; the large ones take it too long.
"""

from __future__ import annotations

import pytest

from aprt.explore.explore import explore
from aprt.verdict.case import Case
from aprt.vfio_ap.eras import ERAS

SCENARIOS = (
    *("assign", "attach", "card-gone", "close-and-use", "dma-unmap", "h3", "h4", "h6", "h10", "h11", "h12", "h14"),
    *("h15", "h16", "kill-qemu", "remove-mdev", "remove-vs-intercept", "reset-reenable-busy"),
)


@pytest.mark.parametrize("name", SCENARIOS)
def test_traces_show_what_states_show(name: str) -> None:
    case = Case.parse(f"v4/{name}", ERAS)
    model = case.model()
    properties = model.select(case.scenario.properties)
    states = explore(model.system, properties, stop_on="all")
    traces = explore(model.system, properties, strategy="dpor", stop_on="all")
    assert (traces.stopped, traces.unasked, traces.redundant) == (None, states.unasked, 0)
    assert {f.property for f in traces.findings} == {f.property for f in states.findings}
    assert (traces.ends, traces.deadlocks, traces.oopses) == (states.ends, states.deadlocks, states.oopses)
    assert traces.states <= states.states
    assert traces.unexercised == states.unexercised
    shortest = {f.property: len(f.schedule) for f in states.findings}
    assert all(len(f.schedule) >= shortest[f.property] for f in traces.findings)
