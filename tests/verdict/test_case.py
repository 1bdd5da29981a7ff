import attrs
import pytest

from aprt.core.errors import UserError
from aprt.core.suggestion import similar
from aprt.core.switch import patch
from aprt.verdict.case import Case, measures
from aprt.verdict.lookup import find_era, natural
from aprt.vfio_ap.eras import ERAS as REAL
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
        ("toy/", {}, "toy is an era: name a scenario of it (aprt scenario list --era toy)"),
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
        ("v5", "known: v4, 4.20, 6.0, 6.16, 2026"),
        ("2027", "did you mean '2026'?"),
    ],
)
def test_a_release_between_two_eras_is_told_the_one_before_it(name: str, hint: str) -> None:
    with pytest.raises(UserError) as error:
        find_era(name, RELEASES)
    assert str(error.value) == f"unknown era {name!r} ({hint})"


def test_a_scenario_that_the_era_lacks_is_told_with_those_that_are_like_it() -> None:
    with pytest.raises(UserError) as caught:
        Case.parse("2026/assign", REAL)
    assert str(caught.value).startswith(
        "era 2026 has no scenario 'assign' (eras that have it: v4; like it here: assign-"
    )
    known = ["unassign", "assign-twice", "assing", "kill", "assign-back"]
    assert similar("assign", known) == ["assign-back", "assign-twice", "unassign", "assing"]
    assert similar("assign", known, 1) == ["assign-back"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("v4/kill-qemu+VM_Ref", "v4/kill-qemu+vm_ref"),
        ("v4/kill-qemu+All-Measures", "v4/kill-qemu+all-measures"),
        ("v4/kill-qemu+all-measures+ONE_MUTEX=Out", "v4/kill-qemu+all-measures+one_mutex=out"),
        ("v4/assign+ASSIGN_errno=eaddrinuse", "v4/assign+assign_errno=EADDRINUSE"),
        ("2026/unbind+b6=OUT", "2026/unbind+B6=out"),
        ("2026/unbind+9B57E9D=out", "2026/unbind+B8=out"),
    ],
)
def test_switches_groups_and_fixes_are_known_in_upper_and_in_lower_case(typed: str, meant: str) -> None:
    assert Case.parse(typed, REAL) == Case.parse(meant, REAL)
    subject, word = typed.split("+")[0], typed.split("+")[-1]
    if word.casefold().endswith("=out"):
        out = (word[:-4],)
        assert Case.parse(subject, REAL, put_in=typed.split("+")[1:-1], taken_out=out) == Case.parse(meant, REAL)


def test_no_two_words_of_an_era_differ_in_case_only() -> None:
    for era in REAL.values():
        names = {name for switch in era.switches for name in (switch.name, *switch.aliases)}
        words = names | {*era.words(), *era.groups}
        assert len({word.casefold() for word in words}) == len(words)


def test_what_an_era_lacks_is_told_in_its_own_spelling() -> None:
    with pytest.raises(UserError, match=r"era v4 has no switch .B14. \(eras that lack the fix: 5.3, "):
        Case.parse("v4/kill-qemu+b14", REAL)


def test_files_of_patches_are_not_taken_for_others_that_differ_in_case() -> None:
    era = attrs.evolve(REAL["2026"], switches=(*REAL["2026"].switches, attrs.evolve(patch("a"), name="P.py:ONE")))
    assert [era.as_written(word) for word in ("P.py:ONE", "p.py:one", "nothing", "B8", "b8")] == [
        "P.py:ONE",
        "p.py:one",
        "nothing",
        "B8",
        "B8",
    ]
