"""Fixes: switches that are in by default where the era's kernel has the fix, named by number or commit."""

import json

import attrs
import pytest
from click.testing import CliRunner, Result

from aprt.cli.root import root
from aprt.core.errors import UserError
from aprt.core.scenario import Era
from aprt.core.switch import Switch
from aprt.verdict.case import Case
from aprt.vfio_ap.eras import ERAS as KERNELS
from tests.toy import TOY

SERIES = ("9b57e9d5010b", "3746d48c55ac", "3746d48d0000")
BOTH = ("B8", "9b57e9d5010b")


def era(name: str, *fixes: tuple[str, str, tuple[str, ...]]) -> Era:
    """The toy era with fixes (name, default, aliases) that change nothing, and `locked` as a fix called B8."""
    made = [Switch(n, "fix", (default, "out" if default == "in" else "in"), n, words) for n, default, words in fixes]
    others = [s for s in TOY.switches if s.name not in {"locked", *(name for name, _, _ in fixes)}]
    return attrs.evolve(TOY, name=name, switches=(*made, *others), groups={})


OLD = era("old", ("locked", "out", BOTH), ("B37", "out", ("7b2d039da622", "3746d48c55ac")))
NEW = era("new", ("locked", "in", BOTH), ("B37", "in", ("7b2d039da622", "3746d48c55ac")), ("B38", "in", SERIES[2:]))
ERAS = {"old": OLD, "new": NEW}


def case(text: str, **options: object) -> Case:
    return Case.parse(text, ERAS, **options)  # type: ignore[arg-type]


def aprt(*args: str) -> Result:
    return CliRunner().invoke(root, args, obj=lambda: ERAS)


@pytest.mark.parametrize(
    "word", ["locked", "B8", "9b57e9d5010b", "9b57e9d", "9b57e9d5010b0123456789abcdef0123456789ab"]
)
def test_a_fix_has_its_name_its_number_and_seven_digits_or_more_of_its_commit(word: str) -> None:
    assert str(case("new/abba", taken_out=[word])) == "new/abba+B8=out"
    assert str(case(f"new/abba+{word}=out")) == "new/abba+B8=out"
    assert str(case("old/abba", put_in=[word])) == str(case(f"old/abba+{word}")) == "old/abba+B8"


def test_a_fix_that_was_put_in_can_be_taken_out_again() -> None:
    assert str(case("old/abba+B8", taken_out=["B8"])) == "old/abba"
    assert str(case("new/abba+B8=out", put_in=["B8"])) == "new/abba"
    with pytest.raises(UserError, match="era old never had fix B8"):
        case("old/abba", taken_out=["B8"])


def test_settings_know_a_fix_by_its_number_in_every_era() -> None:
    assert case("new/abba").settings.on("B8")
    assert not case("old/abba").settings.on("B8")
    taken_out, put_in = case("new/abba", taken_out=["B8"]), case("old/abba", put_in=["B8"])
    assert (taken_out.settings["B8"], put_in.settings["B8"]) == ("out", "in")
    assert (taken_out.settings.names(), taken_out.settings.without) == ((), ("B8",))
    assert (put_in.settings.names("fix"), put_in.settings.without) == (("B8",), ())


def test_the_text_of_a_case_without_a_fix_gives_the_same_case() -> None:
    taken_out = case("new/abba", put_in=["order=same_order"], taken_out=["B8", "B37"])
    assert str(taken_out) == "new/abba+B8=out+B37=out+same_order"
    assert case(str(taken_out)).settings == taken_out.settings


def test_a_scenario_may_set_a_fix_that_some_of_its_eras_have_anyway() -> None:
    assert case("new/tidy").settings.on("B8")
    assert str(case("new/tidy")) == "new/tidy"
    assert str(case("new/tidy", taken_out=["B8"])) == "new/tidy+B8=out"
    assert str(case("old/tidy", taken_out=["B8"])) == "old/tidy+B8=out"


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("new/abba", {"put_in": ["B8"]}, "era new has fix B8 (--without B8 takes it out)"),
        ("new/abba+B8", {}, "era new has fix B8 (--without B8 takes it out)"),
        ("old/abba", {"taken_out": ["B8"]}, "era old never had fix B8 (--with B8 puts it in)"),
        ("old/abba+B8=out", {}, "era old never had fix B8 (--with B8 puts it in)"),
        ("old/abba", {"taken_out": ["B38"]}, "era old has no switch 'B38' (eras that have the fix: new)"),
        ("old/abba", {"taken_out": ["B39"]}, "era old has no fix 'B39' (did you mean 'B37'?)"),
        ("old/abba", {"taken_out": ["B1000"]}, "era old has no fix 'B1000' (known: B8, B37)"),
        (
            "old/abba",
            {"put_in": ["3746d48d0000"]},
            "era old has no switch '3746d48d0000' (B38; eras that have the fix: new)",
        ),
        (
            "old/abba",
            {"put_in": ["3746d48d0001"]},
            "unknown commit '3746d48d0001' in era old (known: 9b57e9d5010b, 7b2d039da622, 3746d48c55ac)",
        ),
        (
            "old/abba",
            {"put_in": ["1234567"]},
            "unknown commit '1234567' in era old (known: 9b57e9d5010b, 7b2d039da622, 3746d48c55ac)",
        ),
        ("new/abba", {"taken_out": ["9b57e9"]}, "unknown switch '9b57e9' (did you mean '9b57e9d5010b'?)"),
        ("old/abba", {"put_in": ["B8"], "taken_out": ["locked"]}, "switch 'B8' is both put in and taken out"),
        ("new/abba", {"put_in": ["B8"], "taken_out": ["9b57e9d5010b"]}, "switch 'B8' is both put in and taken out"),
        (
            "new/abba",
            {"put_in": ["threads=3", "threads=4"]},
            "'threads=3' and 'threads=4' contradict each other: both set switch 'threads'",
        ),
        (
            "old/abba+B8+locked=out",
            {},
            "'B8' and 'locked=out' contradict each other: both set switch 'locked'",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_told_with_what_can(text: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(UserError) as caught:
        case(text, **options)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("none/abba", {"taken_out": ["B8"]}, "era none has no switch 'B8' (eras that have the fix: new)"),
        ("none/abba+B8=out", {}, "era none has no switch 'B8=out' (eras that have the fix: new)"),
        ("none/abba", {"taken_out": ["9b57e9d"]}, "era none has no switch '9b57e9d' (B8; eras that have the fix: new)"),
        ("none/abba", {"put_in": ["B8"]}, "era none has no switch 'B8' (eras that lack the fix: old)"),
        ("none/abba+locked", {}, "era none has no switch 'locked' (B8; eras that lack the fix: old)"),
        ("none/abba", {"put_in": ["B38"]}, "era none has no switch 'B38' (eras that have the fix: new)"),
        ("none/abba", {"put_in": ["same_order"]}, "era none has no switch 'same_order' (eras that have it: old, new)"),
    ],
)  # fmt: skip
def test_a_fix_that_an_era_has_no_switch_for_is_told_with_the_eras_where_it_can_be_set(
    text: str, options: dict[str, object], message: str
) -> None:
    eras = {**ERAS, "none": attrs.evolve(TOY, name="none", switches=(), groups={})}
    with pytest.raises(UserError) as caught:
        Case.parse(text, eras, **options)  # type: ignore[arg-type]
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "options", "where"),
    [
        ("6.2/pv-switch", {"put_in": ["B3"]}, "eras that lack the fix, and pv-switch: 5.12, 5.13"),
        ("6.2/alert", {"put_in": ["B3"]}, "eras that lack the fix: 5.3, 5.12, 5.13"),
        ("6.2/two-closers", {"put_in": ["B7"]}, "eras that lack the fix: 4.20, 5.3"),
    ],
)
def test_eras_that_have_the_scenario_are_named_of_those_that_have_the_switch(
    text: str, options: dict[str, object], where: str
) -> None:
    with pytest.raises(UserError) as caught:
        Case.parse(text, KERNELS, **options)  # type: ignore[arg-type]
    assert str(caught.value).endswith(f" ({where})")


def test_a_prefix_of_two_commits_is_ambiguous_unless_one_fix_has_both() -> None:
    with pytest.raises(UserError) as caught:
        case("new/abba", taken_out=["3746d48"])
    assert str(caught.value) == "commit '3746d48' is ambiguous: 3746d48c55ac (B37), 3746d48d0000 (B38)"
    assert str(case("new/abba", taken_out=["3746d48c"])) == "new/abba+B37=out"
    assert str(case("old/abba", put_in=["3746d48"])) == "old/abba+B37"


def test_a_verdict_says_what_was_taken_out_and_its_token_carries_it() -> None:
    args = ("explore", "new/lost-update", "--without", "9b57e9d5010b")
    line = aprt(*args).stdout.splitlines()[-1]
    assert line.startswith("aprt: VIOLATED property=T1 scenario=new/lost-update era=new with=- without=B8 complete=no")
    data = json.loads(aprt(*args, "--format", "json").stdout)
    assert (data["scenario"], data["switches"], data["without"]) == ("new/lost-update+B8=out", [], ["B8"])
    assert data["token"].startswith("aprt2:new/lost-update+B8=out:")
    assert " with=- without=B8 " in aprt("replay", data["token"]).stdout
    assert aprt("explore", "new/lost-update").exit_code == 0


def test_scenario_show_tells_what_an_era_has_from_what_it_lacks() -> None:
    new = aprt("scenario", "show", "new/abba", "--without", "B8").stdout
    assert "fixes that new has\n  B8   locked [out]\n  B37  B37 [in]\n  B38  B38 [in]\n" in new
    assert "fixes that new lacks" not in new
    assert (
        "fixes that old lacks\n  B8   locked [out]\n  B37  B37 [out]\n" in aprt("scenario", "show", "old/abba").stdout
    )
