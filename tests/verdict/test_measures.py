import attrs
import pytest

from aprt.core.scenario import Model, Settings
from aprt.core.switch import Kind
from aprt.explore.result import Bounds
from aprt.verdict.case import Case
from aprt.verdict.claims import claims, outlined
from aprt.verdict.measures import Matrix, measures_matrix, subsets
from aprt.vfio_ap.eras import ERAS as REAL
from tests.toy import ERAS, TOY, lost_update


def matrix(text: str, *ids: str, bounds: Bounds = Bounds()) -> Matrix:  # noqa: B008
    return measures_matrix(Case.parse(text, ERAS), ids, bounds)


def test_subsets_come_smaller_ones_first() -> None:
    assert [sorted(s) for s in subsets("abc")] == [
        *([], ["a"], ["b"], ["c"], ["a", "b"], ["a", "c"], ["b", "c"], ["a", "b", "c"])
    ]


def test_either_measure_saves_the_update_and_neither_is_needed_for_the_other_property() -> None:
    found = matrix("toy/lost-update", "all")
    assert {id: found.minimal(id) for id in found.properties} == {
        "T1": (frozenset({"locked"}), frozenset({"atomic"})),
        "T2": (frozenset(),),
    }
    assert (found.complete, found.interrupted) == (True, False)
    assert [e.states for e in found.explored.values()] == [12, 16, 4, 4]


def test_measures_that_do_not_help_leave_no_set() -> None:
    assert matrix("toy/abba").minimal("T3") == ()


def test_the_measures_of_a_preset_are_taken_out_too() -> None:
    assert matrix("toy/tidy").minimal("T1") == (frozenset({"locked"}), frozenset({"atomic"}))


def test_an_incomplete_search_shows_no_property_to_hold() -> None:
    found = matrix("toy/lost-update", bounds=Bounds(max_states=2))
    assert (found.complete, found.interrupted, found.minimal("T1")) == (False, False, ())


def test_an_interrupted_matrix_keeps_the_subsets_that_were_done() -> None:
    def interrupt(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    found = measures_matrix(Case.parse("toy/lost-update", ERAS), report=interrupt)
    assert (len(found.explored), found.interrupted, found.complete) == (2, True, False)
    assert found.minimal("T1") == (frozenset({"locked"}),)


def test_a_matrix_that_was_interrupted_at_once_does_not_say_that_anything_never_happens() -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    found = measures_matrix(Case.parse("toy/lost-update", ERAS), report=interrupt)
    assert (len(found.explored), found.minimal("T1"), found.exercised("T1")) == (0, (), True)


def test_claims_collect_the_properties_of_all_scenarios() -> None:
    assert {c.property.id: (c.default, c.available) for c in claims(ERAS)} == {
        "T1": (("toy/lost-update", "toy/tidy"), ("toy/lost-update", "toy/tidy")),
        "T2": ((), ("toy/lost-update", "toy/tidy")),
        "T3": (("toy/abba",), ("toy/abba",)),
        "T4": (("toy/doors",), ("toy/doors",)),
        "T5": (("toy/large",), ("toy/large",)),
    }


def test_an_outline_says_of_all_claims_what_they_claim_and_who_checks_them() -> None:
    whole = [(claim.property.id, claim.property.title, claim.property.text, claim.default) for claim in claims(REAL)]
    outline = [(one.property.id, one.property.title, one.property.text, one.default) for one in outlined(REAL)]
    assert outline == whole


@pytest.mark.parametrize(("kind", "builds"), [("measure", 2), ("variant", 1)])
def test_claims_build_a_scenario_once_and_where_there_are_measures_once_more_with_all_of_them(
    kind: Kind, builds: int
) -> None:
    built: list[Settings] = []

    def build(settings: Settings) -> Model:
        built.append(settings)
        return lost_update(settings)

    scenario = attrs.evolve(TOY.scenarios["lost-update"], build=build)
    switches = tuple(attrs.evolve(s, kind=kind) if s.kind == "measure" else s for s in TOY.switches)
    era = attrs.evolve(TOY, switches=switches, scenarios={scenario.name: scenario})
    assert [claim.property.id for claim in claims({"toy": era})] == ["T1", "T2"]
    assert len(built) == builds
