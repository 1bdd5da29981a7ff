"""KVM takes the GISA from a guest that becomes a protected one, gives it back, clears it: what breaks, and when not."""

from __future__ import annotations

import pytest

from aprt.core.scenario import Model
from aprt.explore.explore import explore
from aprt.vfio_ap.eras import ERAS
from aprt.vfio_ap.host.protected import gisa_disable, gisa_enable
from aprt.vfio_ap.kvm.gisa import GisaState
from aprt.vfio_ap.kvm.gisa_int import GisaIntState, gisa_clear
from aprt.vfio_ap.releases.protected import pv_and_back, pv_without_aiv
from tests.vfio_ap.machines import Bench, enabled
from tests.vfio_ap.releases import ask, broken

AIMED = {
    ("P1", "05.0004 is still aimed at vm0.gisa when gisa_destroy begins"),
    ("P3", "gisa_destroy begins with alert.mask 0x10"),
}
LOST = {
    ("P6", "kworker 05.0004 ends at reset_work 05.0004.done with a registration of ISC 3 of vm0 that is on no record"),
    ("P9", "null-ptr-deref: origin of vm0.gisa_int is NULL"),
}
FORGOTTEN = {("P25", "alert.mask is 0x00, registered are 0x10")}


@pytest.mark.parametrize(
    ("name", "states", "says"), [("pv-without-aiv", 795, AIMED | LOST), ("pv-and-back", 412, AIMED | FORGOTTEN)]
)
def test_without_aiv_a_protected_guest_loses_its_gisa_with_all_that_is_aimed_at_it(
    name: str, states: int, says: set[tuple[str, str]]
) -> None:
    found = ask(f"2026/{name}")
    assert (found.complete, found.unmerged, found.states) == (True, (), states)
    assert {(finding.property, finding.text) for finding in found.findings} == says


def known_to_the_ultravisor(name: str) -> Model:
    era = ERAS["2026"]
    build = {"pv-without-aiv": pv_without_aiv, "pv-and-back": pv_and_back}[name]
    return build(era.settings(era.scenario(name)), uv_aiv=True)


@pytest.mark.parametrize("name", ["pv-without-aiv", "pv-and-back"])
def test_with_aiv_it_keeps_it_and_everything_holds(name: str) -> None:
    model = known_to_the_ultravisor(name)
    found = explore(model.system, model.properties, stop_on="all")
    assert (found.complete, found.findings) == (True, ())


def test_only_kernels_since_5_18_take_it_away() -> None:
    assert next(era for era, kernel in ERAS.items() if "pv-and-back" in kernel.scenarios) == "6.0"


def test_clearing_what_is_pending_loses_no_interrupt_that_comes_later() -> None:
    assert broken("2026/clear-irqs") == set()
    assert ask("2026/clear-irqs").states == 14310


def states(bench: Bench) -> tuple[GisaIntState, GisaState, bool]:
    guest = bench.guest
    return bench[guest.gisa.interrupt], bench[guest.gisa.gisa], bench[guest.vcpus[0]].aiv


def test_a_gisa_that_is_taken_away_and_given_back_has_nothing_armed_but_still_counts_who_was_registered() -> None:
    counts = (0, 0, 0, 1, 0, 0, 0, 0)
    bench = enabled("destroy_takes_list")
    assert states(bench) == (GisaIntState("vm0.gisa", 0x10, counts), GisaState("vm0.gisa", iam=0x10), True)
    bench.run(gisa_disable(bench.machine, bench.guest))
    assert states(bench) == (GisaIntState(None, 0, counts), GisaState("vm0.gisa"), False)
    bench.run(gisa_enable(bench.guest))
    assert states(bench) == (GisaIntState("vm0.gisa", 0, counts), GisaState("vm0.gisa"), True)


@pytest.mark.parametrize("link", ["vm0.gisa", "0"])
def test_clearing_leaves_list_and_iam_alone(link: str) -> None:
    bench = Bench()
    bench[bench.guest.gisa.gisa] = GisaState(link, ipm=0x30, iam=0x20)
    bench.run(gisa_clear(bench.guest.gisa))
    assert bench[bench.guest.gisa.gisa] == GisaState(link, iam=0x20)


def test_what_is_there_already_or_not_there_is_left_alone() -> None:
    bench = Bench()
    bench.run(gisa_enable(bench.guest))
    assert bench.operations == ["vm0.gisa_int.read_origin"]
    bench = Bench("no_gisa")
    bench.run(gisa_disable(bench.machine, bench.guest))
    bench.run(gisa_clear(bench.guest.gisa))
    assert bench.operations == ["vm0.gisa_int.read_origin"]
