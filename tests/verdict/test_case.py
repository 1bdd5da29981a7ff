import attrs
import pytest

from aprt.core.errors import UserError
from aprt.verdict.case import Case, find_era, measures, natural
from tests.toy import ERAS, TOY


def case(text: str, **options: object) -> Case:
    return Case.parse(text, ERAS, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "options", "reference"),
    [
        ("toy/abba", {}, "toy/abba"),
        ("abba", {"era": "toy"}, "toy/abba"),
        ("toy/abba", {"era": "toy"}, "toy/abba"),
        ("toy/abba+same_order", {}, "toy/abba+same_order"),
        ("toy/abba+order=same_order", {}, "toy/abba+same_order"),
        ("toy/lost-update", {"put_in": ["threads=3", "locked"]}, "toy/lost-update+locked+threads=3"),
        ("toy/lost-update+locked+atomic", {}, "toy/lost-update+all-measures"),
        ("toy/abba+all-measures=out", {}, "toy/abba"),
        ("toy/lost-update+all-measures", {"taken_out": ["atomic"]}, "toy/lost-update+locked"),
        ("toy/lost-update", {"put_in": ["all-measures"], "taken_out": ["locked"]}, "toy/lost-update+atomic"),
        ("toy/lost-update+atomic", {"taken_out": ["atomic"]}, "toy/lost-update"),
        ("toy/lost-update+threads=3", {"put_in": ["threads=4"]}, "toy/lost-update+threads=4"),
        ("toy/tidy", {}, "toy/tidy"),
        ("toy/tidy+locked", {}, "toy/tidy"),
        ("toy/tidy", {"taken_out": ["locked"]}, "toy/tidy+locked=out"),
    ],
)
def test_the_text_of_a_case_is_its_shortest_reference(text: str, options: dict[str, object], reference: str) -> None:
    assert str(case(text, **options)) == reference
    assert case(reference).settings == case(text, **options).settings


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("toy/abbba", {}, "unknown scenario 'abbba' (did you mean 'abba'?)"),
        ("toi/abba", {}, "unknown era 'toi' (did you mean 'toy'?)"),
        ("abba", {}, "unknown era 'v4' (known: toy)"),
        ("toy/abba", {"era": "v4"}, "scenario 'toy/abba' names era 'toy', but the era asked for is 'v4'"),
        ("toy/abba+lokked", {}, "unknown switch 'lokked' (did you mean 'locked'?)"),
        (
            "toy/abba",
            {"put_in": ["locked"], "taken_out": ["locked"]},
            "switch 'locked' is both put in and taken out",
        ),
        ("", {}, "unknown era 'v4' (known: toy)"),
        ("toy/", {}, "unknown scenario '' (known: lost-update, abba, doors, large, tidy)"),
    ],
)
def test_a_reference_to_what_does_not_exist_is_a_users_mistake(
    text: str, options: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError) as caught:
        case(text, **options)
    assert str(caught.value) == message


def test_a_scenario_that_only_other_eras_have_says_which() -> None:
    eras = {"old": attrs.evolve(TOY, name="old", scenarios={}), "toy": TOY}
    with pytest.raises(UserError) as caught:
        Case.parse("old/abba", eras)
    assert str(caught.value) == "era old has no scenario 'abba' (eras that have it: toy)"


def test_with_measures_sets_all_measures_and_nothing_else() -> None:
    assert measures(TOY) == ("locked", "atomic")
    changed = case("toy/lost-update+locked+threads=3").with_measures({"atomic"})
    assert str(changed) == "toy/lost-update+atomic+threads=3"


def test_names_with_numbers_sort_as_people_do() -> None:
    assert sorted(["h10", "h2", "P3", "deadlock", "h2-b"], key=natural) == ["P3", "deadlock", "h2", "h2-b", "h10"]


RELEASES = {name: attrs.evolve(TOY, name=name) for name in ("v4", "4.20", "6.0", "6.16", "2026")}


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("6.1", "the one before it is '6.0'"),
        ("7.0", "the one before it is '6.16'"),
        ("4.19", "the first release is '4.20'"),
        ("v5", "did you mean 'v4'?"),
        ("2027", "did you mean '2026'?"),
    ],
)
def test_a_release_between_two_eras_is_told_the_one_before_it(name: str, hint: str) -> None:
    with pytest.raises(UserError) as error:
        find_era(name, RELEASES)
    assert str(error.value) == f"unknown era {name!r} ({hint})"
