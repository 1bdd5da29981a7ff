"""What a change does in several scenarios: aprt explore PATTERN --compare, and aprt diff of eras and patterns."""

from __future__ import annotations

import json
from collections.abc import Mapping

import attrs
import pytest
from click.testing import CliRunner, Result

from aprt.cli.root import root
from aprt.core.scenario import Era
from tests.toy import ERAS, watched

TOY = ERAS["toy"]


OLD = attrs.evolve(
    TOY,
    name="old",
    scenarios={
        name: attrs.evolve(scenario, build=watched) if name in ("lost-update", "tidy") else scenario
        for name, scenario in TOY.scenarios.items()
    },
)
NEW = attrs.evolve(OLD, name="new", scenarios={name: OLD.scenarios[name] for name in ("abba", "tidy", "lost-update")})


def known() -> Mapping[str, Era]:
    return {"old": OLD, "new": NEW}


def aprt(*args: str) -> Result:
    return CliRunner().invoke(root, args, obj=known)


def test_a_change_that_mends_one_of_four_is_told_in_a_line_and_exits_with_0() -> None:
    result = aprt("explore", "old/lost-update", "old/abba", "old/doors", "old/tidy", "--compare", "with=locked")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "better  old/lost-update  removed T1",
        "",
        "in full     aprt diff old/lost-update old/lost-update+locked",
        "",
        "aprt: DIFF 4 scenarios: 0 worse, 1 better, the rest the same; states=140",
    ]


WORSE = ("explore", "old/lost-update", "old/*t?dy", "old/abba", "--compare", "with=forget_unlock", "--with", "locked")


def test_what_gets_worse_stands_first_and_exits_with_1() -> None:
    result = aprt(*WORSE)
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "worse  old/lost-update  added deadlock",
        "worse  old/tidy         added deadlock",
        "",
        "in full     aprt diff old/lost-update+locked \\",
        "    old/lost-update+locked+forget_unlock",
        "",
        "aprt: DIFF 3 scenarios: 2 worse, 0 better, the rest the same; states=84",
    ]


def test_the_word_for_how_a_pair_stands_is_in_colour_and_the_line_for_grep_is_not() -> None:
    painted, plain = (aprt(*WORSE, "--color", way).stdout for way in ("always", "never"))
    assert painted == plain.replace("worse  ", "\x1b[1;31mworse\x1b[0m  ")
    assert "\x1b" not in plain


def test_two_processes_find_what_one_finds() -> None:
    alone, crew = (aprt(*WORSE, "--format", "json", *more) for more in ((), ("--jobs", "2")))
    assert crew.exit_code == alone.exit_code == 1
    assert json.loads(crew.stdout) == json.loads(alone.stdout)


def test_the_json_has_every_pair_and_how_many_stand_how() -> None:
    data = json.loads(aprt(*WORSE, "--format", "json").stdout)
    assert data["schema"] == "aprt.diffs/1"
    assert data["asked"][0] == ["old/lost-update+locked", "old/lost-update+locked+forget_unlock"]
    assert data["counts"] == {"worse": 2, "open": 0, "better": 0, "otherwise": 0, "same": 1}
    assert [one["standing"] for one in data["diffs"]] == ["worse", "worse", "same"]
    single = json.loads(aprt("diff", *data["asked"][0], "--format", "json").stdout)
    assert data["diffs"][0] == single


def test_what_was_not_searched_to_the_end_is_open_says_why_and_exits_with_3() -> None:
    result = aprt("explore", "old/lost-update", "old/large", "--compare", "with=atomic", "--max-states", "200")
    assert result.exit_code == 3
    assert result.stdout.splitlines()[:5] == [
        "open    old/large        before: stopped at --max-states; after: stopped at --max-states",
        "better  old/lost-update  removed T1",
        "",
        "in full     aprt diff old/large old/large+atomic --max-states 200",
        "",
    ]
    assert result.stdout.splitlines()[-1].startswith(
        "aprt: DIFF 2 scenarios: 0 worse, 1 better, 1 open, none the same; states="
    )


def test_the_command_for_one_pair_asks_what_was_asked_of_all() -> None:
    limits = ("--max-states", "900", "--max-depth", "30", "--budget", "2m")
    result = aprt("explore", "old/lost-update", "old/tidy", "--compare", "with=locked", "--property", "T1", *limits)
    assert result.stdout.splitlines()[2:4] == [
        "in full     aprt diff old/lost-update old/lost-update+locked --property \\",
        "    T1 --max-states 900 --max-depth 30 --budget 120",
    ]


@pytest.mark.parametrize("before", ["new+atomic", "new/*+atomic"])
def test_of_two_eras_scenarios_of_one_name_are_compared_and_the_others_told(before: str) -> None:
    result = aprt("diff", before, "old", "--format", "json")
    assert result.exit_code == 1
    data = json.loads(result.stdout)
    assert data["asked"] == [
        ["new/abba+atomic", "old/abba"],
        ["new/lost-update+atomic", "old/lost-update"],
        ["new/tidy+atomic", "old/tidy"],
    ]
    assert [one["standing"] for one in data["diffs"]] == ["same", "worse", "same"]
    assert result.stderr == "aprt: only in old: doors, large\n"


def test_one_scenario_that_gets_worse_exits_with_1_too() -> None:
    assert aprt("diff", "old/lost-update", "old/lost-update+locked").exit_code == 0
    assert aprt("diff", "old/lost-update+locked", "old/lost-update").exit_code == 1
    assert aprt("explore", "old/lost-update+locked", "--compare", "without=locked").exit_code == 1


USAGE = [
    (("diff", "old", "new/abba"), "old and new/abba: an era or a pattern is compared with another one, not with a "),
    (("diff", "old/a*", "new/l*"), "old/a* and new/l* have no scenario in common"),
    (("diff", "*/abba", "old"), "*/abba: scenarios of several eras have one name; compare one era with another"),
    (("diff", "old/abba", "new/abba", "--jobs", "2"), "--jobs: for eras and patterns, not for one scenario"),
    (("diff", "old/abba", "old/abba+threads=3"), "old/abba is the same with threads=3, as it settles that itself"),
    (
        ("explore", "old/abba", "--compare", "with=threads=3"),
        "old/abba is the same with threads=3, as it settles that itself",
    ),
    *(
        (
            ("explore", "old/a*", "old/t*", "--compare", "with=locked", *other),
            f"--compare and {told} cannot be combined",
        )
        for other, told in (
            (("--shard", "1/2"), "--shard"),
            (("--certificate",), "--certificate"),
            (("--format", "ktap"), "--format ktap"),
            (("--save", "nowhere.db"), "--save"),
            (("--strategy", "dpor"), "--strategy"),
            (("--estimate",), "--estimate"),
        )
    ),
]


@pytest.mark.parametrize(("args", "message"), USAGE)
def test_what_cannot_be_meant_is_told_in_one_line(args: tuple[str, ...], message: str) -> None:
    result = aprt(*args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines()[-1].startswith(f"aprt: {message}")
