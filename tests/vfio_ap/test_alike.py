"""What is alike on the interrupt path: exactly the states of the plain search, once for every orbit, or a refusal."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from aprt import Alike, UserError, View, always, explore
from aprt.core.properties import Property, endless
from aprt.core.scenario import Model
from aprt.core.system import Context
from aprt.explore.replay import replay
from aprt.explore.result import Bounds, Exploration
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.eras import ERAS
from aprt.vfio_ap.host.alike import MOST, Part, alike
from aprt.vfio_ap.topology.files import load_topology
from aprt.vfio_ap.topology.system import topology_scenario
from aprt.vfio_ap.v4.era import V4
from tests.explore.orbits import check_orbits

DEMO = Path(__file__).parents[2] / "demos" / "two-vcpus"


def build(text: str) -> Model:
    """The model of `era/scenario+switch+...`."""
    name, *words = text.split("+")
    era, _, name = name.partition("/")
    scenario = ERAS[era].scenario(name)
    return scenario.build(ERAS[era].settings(scenario, words))


def checkable(model: Model) -> tuple[Property, ...]:
    """All properties but those about what goes on for ever, of which symmetry does not tell who is neglected."""
    return tuple(p for p in model.properties if not endless(p))


def lengths(found: Exploration) -> dict[str, int]:
    return {finding.property: len(finding.schedule) for finding in found.findings}


# scenario; orbits, states
EXACT = [
    ("v4/two-guests", 286, 559),
    ("v4/two-guests+guest=disable+vcpus=2", 2655, 18225),
    ("v4/two-queues", 278, 543),
    ("v4/two-cards+guest=use", 528, 1024),
    ("v4/remove-vs-intercept+vcpus=2+guest=disable", 2115, 3919),
    ("v4/close-and-use+vcpus=2", 1740, 3056),
    pytest.param("5.3/two-guests", 476, 935, marks=pytest.mark.slow),
    ("2026/two-guests", 408, 800),
    pytest.param("2026/two-queues", 398, 780, marks=pytest.mark.slow),
    pytest.param("2026/two-cards+guest=disable", 2021, 3999, marks=pytest.mark.slow),
    pytest.param("2026/unassign+vcpus=2+guest=disable", 5992, 11249, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("text", "orbits", "states"), EXACT)
def test_orbits_are_exact_and_all_properties_say_the_same(text: str, orbits: int, states: int) -> None:
    model = build(text)
    assert check_orbits(model.system) == (orbits, states)
    properties = checkable(model)
    plain = explore(model.system, properties, stop_on="all")
    found = explore(model.system, properties, stop_on="all", symmetry=True)
    assert lengths(found) == lengths(plain)
    for finding in found.findings:
        assert finding in replay(model.system, finding.schedule, properties).findings


def topology(directory: Path) -> Model:
    scenario = topology_scenario(load_topology(directory), directory.name)
    return scenario.build(V4.settings(scenario, ("all-measures",)))


def test_vcpus_of_a_topology_that_are_told_the_same_are_alike() -> None:
    assert check_orbits(topology(DEMO).system) == (855, 1639)


def changed(scratch: Path, old: str, new: str) -> Model:
    """The demo with something else in its script."""
    copy = Path(shutil.copytree(DEMO, scratch / "changed"))
    script = copy / "script.toml"
    text = script.read_text(encoding="utf-8")
    assert old in text
    script.write_text(text.replace(old, new), encoding="utf-8")
    return topology(copy)


def test_a_number_of_their_own_is_no_difference_while_nobody_acts_on_it(tmp_path: Path) -> None:
    check_orbits(changed(tmp_path, "vcpu = 1", "vcpu = 1\nisc = 3").system)


SECOND = 'enable"\nguest = "Guest1"\nqueue = "05.0004"\nvcpu = 1'


@pytest.mark.parametrize(
    ("old", "new"),
    [(SECOND, SECOND.replace("enable", "disable")), ("vcpu = 1", "vcpu = 0"), ('"any"', '"sequence"')],
    ids=["does something else", "does nothing", "comes second"],
)
def test_vcpus_that_are_told_something_else_are_not_alike(old: str, new: str, tmp_path: Path) -> None:
    model = changed(tmp_path, old, new)
    with pytest.raises(UserError, match=r"^no symmetry: "):
        explore(model.system, symmetry=True)


# what tells them apart


TOLD_APART = [
    ("v4/kill-qemu+vcpus=2", "vm0.vcpu0 and vm0.vcpu1", "kill does vm0.vcpu0.signal, and something else then"),
    ("v4/remove-vs-intercept+queues=2", "05.0004 and 05.0005", "unbind does device_lock 05.0004.lock, and something"),
    ("v4/dma-unmap+queues=2", "05.0004 and 05.0005", "vm0.vcpu0 does hw 05.0004.aqic"),
    ("2026/adapter-replaced", "05.0004 and 06.0004", "ap_scan does hw 05.0004.configure"),
    ("2026/qemu-reset+queues=2", "05.0004 and 05.0005", "qemu does hw 05.0004.reset"),
]


@pytest.mark.parametrize(("text", "members", "why"), TOLD_APART, ids=[text for text, _, _ in TOLD_APART])
def test_an_order_in_which_they_come_is_a_reason_to_refuse(text: str, members: str, why: str) -> None:
    with pytest.raises(UserError, match=f"^no symmetry: if {members} change places, {why}") as caught:
        explore(build(text).system, symmetry=True)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "one", "other", "members"),
    [
        ("v4/two-guests", "vm0.memory", "vm1.memory", "vm0 and vm1"),
        ("2026/two-guests", "vm0.gisa_int", "vm1.gisa_int", "vm0 and vm1"),
        ("v4/two-queues", "q 05.0004", "q 05.0005", "05.0004 and 05.0005"),
        ("2026/two-cards", "hw 05.0004", "hw 06.0004", "05.0004 and 06.0004"),
        ("v4/remove-vs-intercept+vcpus=2", "vm0.vcpu0", "vm0.vcpu1", "vm0.vcpu0 and vm0.vcpu1"),
    ],
)
def test_a_property_of_one_of_them_is_refused_and_says_why(text: str, one: str, other: str, members: str) -> None:
    system = build(text).system
    actors = {actor.name: actor for actor in system.actors}
    start = system.initial()

    def changed(view: View) -> str | None:
        first = view(actors[one]) != start[one] and view(actors[other]) == start[other]
        return f"{one} changed first" if first else None

    alone = always("X1", (actors[one],), lambda view: None)
    first = always("X2", (actors[one], actors[other]), changed)
    for property, why in ((alone, "X1 looks at one of them only"), (first, "X2 tells them apart")):
        with pytest.raises(UserError) as caught:
            explore(system, (property,), stop_on="all", symmetry=True)
        assert str(caught.value) == f"no symmetry: if {members} change places, {why}"


# candidates


async def _nothing() -> None:
    pass


def test_parts_are_alike_when_the_same_belongs_to_them() -> None:
    names = ["irq 05.0004", "irq 05.0005", "irq 05.0006", "reset 05.0004", "reset 05.0005", "a05.0006"]
    contexts = [Context(name, _nothing) for name in names]
    queues = tuple(Apqn(5, domain) for domain in range(4, 8))
    kind = tuple(Part((str(queue),), (queue,)) for queue in queues)
    assert alike((kind,), contexts, ()) == (Alike(tuple((str(q), f"irq {q}", f"reset {q}", q) for q in queues[:2])),)
    many = tuple(Part((f"vm{i}",)) for i in range(MOST + 1))
    assert alike((many,), (), ()) == ()
    assert alike((many[1:],), (), ()) == (Alike(tuple((f"vm{i + 1}",) for i in range(MOST))),)


# all of them


SWEPT = [
    f"{era}/{name}{words}"
    for era in ("v4", "5.3", "6.0", "2026")
    for name in sorted(ERAS[era].scenarios)
    for words in ("", "+vcpus=2", "+queues=2")
    if not (name == "stale-restore" and "vcpus" in words)  # it is about one vCPU
]


@pytest.mark.slow
@pytest.mark.parametrize("text", SWEPT)
def test_every_scenario_is_exact_or_refused(text: str) -> None:
    model, few = build(text), Bounds(max_states=10_000)
    if not model.system.symmetry:
        pytest.skip("nothing is declared to be alike")
    try:
        found = explore(model.system, symmetry=True, bounds=few)
    except UserError as error:
        pytest.skip(str(error))
    if not found.complete:
        pytest.skip("it has more than 10,000 orbits")
    if not found.apart:
        assert check_orbits(model.system)[0] == found.states
    properties = checkable(model)
    plain = explore(model.system, properties, stop_on="all")
    assert lengths(explore(model.system, properties, stop_on="all", symmetry=True)) == lengths(plain)
