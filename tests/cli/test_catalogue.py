"""What there is: scenarios, properties and eras as they are listed, shown and completed."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from aprt.cli import known_eras
from aprt.cli.root import root
from aprt.core.commits import is_commit
from tests.cli.commands import aprt
from tests.toy import ERAS, TOY


def test_the_catalogue_lists_what_there_is() -> None:
    assert aprt("scenario", "list").stdout.splitlines() == [
        "toy/abba         two locks in two orders",
        "toy/doors        a guest chooses twice",
        "toy/large        many workers",
        "toy/lost-update  two threads add one",
        "toy/tidy         like lost-update, but locked",
    ]


@pytest.mark.parametrize(
    ("args", "names"),
    [
        (("LOCK",), ["abba", "tidy"]),
        (("lock", "order"), ["abba"]),
        (("--property", "t1"), ["lost-update", "tidy"]),
        (("tidy", "--property", "T1", "--era", "toy"), ["tidy"]),
    ],
)
def test_scenarios_are_listed_by_words_of_their_name_or_title_and_by_property(
    args: tuple[str, ...], names: list[str]
) -> None:
    lines = aprt("scenario", "list", *args).stdout.splitlines()
    assert [line.split()[0] for line in lines] == [f"toy/{name}" for name in names]
    found = json.loads(aprt("scenario", "list", *args, "--format", "json").stdout)["scenarios"]
    assert [one["name"] for one in found] == [f"toy/{name}" for name in names]


def test_the_era_that_was_taken_is_told_where_others_have_the_scenario() -> None:
    def told(*args: str) -> str:
        return CliRunner().invoke(root, ("scenario", "show", *args), obj=known_eras).stderr

    assert told("kill-qemu").startswith(
        "aprt: kill-qemu of era v4, as none was named; --era takes another: 4.20, 5.3, "
    )
    assert told("v4/kill-qemu") == told("kill-qemu", "--era", "v4") == told("h7") == ""


def test_eras_are_listed() -> None:
    assert aprt("era", "list").stdout == "toy  5 scenarios, 6 switches  textbook races\n"


def test_a_property_is_known_in_lower_case() -> None:
    assert aprt("property", "show", "t1").stdout == aprt("property", "show", "T1").stdout
    lower, own = (aprt("explore", "toy/abba", *words).stdout.splitlines() for words in (("--property", "t3"), ()))
    assert lower[-1] == own[-1]


def test_a_property_is_shown_with_the_scenarios_that_check_it() -> None:
    assert aprt("property", "list").stdout.splitlines()[0] == "T1  no update is lost"
    assert aprt("property", "show", "T1").stdout == (
        "T1  no update is lost\n\nAt the end the counter is the number of threads.\n\n"
        "checked by: toy/lost-update, toy/tidy\n\non demand, in one era: aprt property show T1 --era toy\n"
    )
    assert aprt("property", "show", "T1", "--era", "toy").stdout.endswith("\n\nchecked by: toy/lost-update, toy/tidy\n")
    assert aprt("property", "show", "T2").stdout == (
        "T2  small\n\nchecked by: no scenario of its own accord\n\non demand: toy/lost-update, toy/tidy\n"
    )


def test_a_scenario_shows_its_story_properties_scope_and_switches() -> None:
    text = aprt("scenario", "show", "toy/lost-update", "--with", "threads=3").stdout
    assert text.startswith(
        "toy/lost-update+threads=3  two threads add one\n\nBoth read\nbefore either writes.\n\nchecked\n"
    )
    assert "scope\n  3 threads, one update each\n" in text
    assert "variants\n  order  in which order the right thread locks [cross_order, or same_order]\n" in text
    assert "parameters\n  threads  how many threads [3, or 2, or 4]\n" in text


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_that_calls_back(shell: str) -> None:
    assert f"_APRT_COMPLETE={shell}_complete" in aprt("completion", shell).stdout


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("aprt ex", ["plain,explore", "plain,explain"]),
        ("aprt explore toy/l", ["file,toy/l", "plain,toy/large", "plain,toy/lost-update"]),
        ("aprt explore --era toy l", ["file,l", "plain,large", "plain,lost-update"]),
        ("aprt explore toy/abba+lo", ["plain,toy/abba+locked"]),
        ("aprt run demos/", ["file,demos/"]),
        ("aprt diff to", ["file,to", "plain,toy", *(f"plain,toy/{name}" for name in sorted(TOY.scenarios))]),
        ("aprt explore toy/abba --with lo", ["plain,locked"]),
        ("aprt explore abba --era t", ["plain,toy"]),
        ("aprt explore toy/abba --property T", [f"plain,T{i}" for i in range(1, 6)]),
        ("aprt explore toy/abba --property a", ["plain,all"]),
        ("aprt explore toy/abba --strategy stat", ["plain,states"]),
        ("aprt property show T3", ["plain,T3"]),
        ("aprt replay aprt1", ["file,aprt1"]),
        ("aprt explain race", ["file,race"]),
    ],
)
def test_whatever_has_a_name_completes(words: str, completed: list[str]) -> None:
    env = {"_APRT_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    result = CliRunner().invoke(root, [], obj=lambda: ERAS, env=env, complete_var="_APRT_COMPLETE")
    assert result.stdout.splitlines() == completed


def completed(words: str) -> list[str]:
    """What the last word of a command can be, as the eras of the kernel have it."""
    env = {"_APRT_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    printed = CliRunner().invoke(root, [], obj=known_eras, env=env, complete_var="_APRT_COMPLETE").stdout
    return [line.removeprefix("plain,") for line in printed.splitlines() if not line.startswith("file,")]


@pytest.mark.parametrize(
    "command",
    [
        "aprt explore {}/kill-qemu --with ",
        "aprt explore {}/kill-qemu --without ",
        "aprt run {}/kill-qemu --with ",
        "aprt explore --era {} kill-qemu --with ",
        "aprt explore {}/kill-qemu+",
        "aprt explore {}/kill-qemu --compare with=",
    ],
)
@pytest.mark.parametrize("era", ["v4", "2026"])
def test_only_switches_that_the_era_has_complete_and_names_before_commits(command: str, era: str) -> None:
    asked = command.format(era)
    words = completed(asked)
    bare = [word.removeprefix(asked.split(" ")[-1]) for word in words]
    assert set(bare) == set(known_eras()[era].words())
    assert [is_commit(word) for word in bare] == sorted(map(is_commit, bare))
    assert ("vm_ref" in bare) == (era == "v4")


def test_switches_of_all_eras_complete_where_no_scenario_says_the_era() -> None:
    assert {"vm_ref", "B8"} < set(completed("aprt explore --with "))
    assert {"vm_ref", "B8"} < set(completed("aprt explore */kill-qemu --with "))


def test_diff_completes_eras_and_their_scenarios() -> None:
    assert completed("aprt diff 5.13 6.1")[:2] == ["6.12", "6.16"]
    assert completed("aprt diff 6.2/kill-q") == ["6.2/kill-qemu"]


@pytest.mark.parametrize(
    ("commands", "otherwise"),
    [
        (("run", "explore", "diff", "races"), "[the scenario's own]"),
        (("replay", "explain", "shrink"), "[all that the scenario can check]"),
    ],
)
def test_help_says_what_is_checked_when_no_property_is_named(commands: tuple[str, ...], otherwise: str) -> None:
    for command in commands:
        assert otherwise in " ".join(aprt(command, "--help").stdout.split())


def test_a_property_of_many_scenarios_tells_together_those_of_the_same_eras() -> None:
    shown, demanded = (
        CliRunner().invoke(root, ("property", "show", id), obj=known_eras).stdout for id in ("P1", "P37")
    )
    assert shown.endswith(
        """
checked by
  v4, 5.3 to 2026  card-broken, card-off, qemu-reset
  v4               h3, h4, h5, h7, h9, h10
  v4 to 2026       kill-qemu, rogue-close, without-gisa
  4.20 to 2026     device-kept, killed-with-copy
  5.3 to 2026      device-duplicated, exit-in-order, group-taken
  6.0 to 2026      open-while-ending, pv-and-back, pv-without-aiv,
                   unassign-hidden

on demand, in one era: aprt property show P1 --era 2026
"""
    )
    assert demanded.endswith(
        """
checked by: no scenario of its own accord

on demand: 43 scenarios of 5.3, 44 scenarios of 5.12 to 5.15, 82 scenarios
  of 6.0 to 6.8, 83 scenarios of 6.12 to 2026
"""
    )


def test_what_every_search_looks_for_is_told_alike_by_property_scenario_certificate_and_diff() -> None:
    def told(*args: str) -> Result:
        return CliRunner().invoke(root, args, obj=known_eras)

    for era in ((), ("--era", "2026")):
        assert told("property", "show", "k1", *era).stdout.endswith("\n\nchecked by: every search\n")
    expected = "checked by: no scenario of its own accord\nwith a patch in: by every scenario\n"
    assert expected in told("property", "show", "K2").stdout
    assert "with a patch in" not in told("property", "show", "P1").stdout
    shown = told("scenario", "show", "2026/unbind").stdout
    assert "\n  in every search: K1\n  on demand: K2, K3, P1, " in shown
    answer = json.loads(told("explore", "2026/unbind", "--format", "json").stdout)["certificate"]
    assert answer["checked"] == ["K1", "P5", "P6", "P8", "P9", "P12", "P22"]
    compared = json.loads(told("diff", "6.12/unbind", "2026/unbind", "--format", "json").stdout)
    assert compared["unasked"][:3] == ["K2", "K3", "P1"]


def test_properties_and_switches_are_known_in_upper_and_in_lower_case() -> None:
    exact = aprt("explore", "toy/lost-update", "--with", "locked", "--property", "all").stdout.splitlines()
    typed = aprt("explore", "toy/lost-update", "--with", "LOCKED", "--property", "ALL").stdout.splitlines()
    assert typed[-1] == exact[-1]
    assert aprt("property", "show", "t1").stdout == aprt("property", "show", "T1").stdout
    museum = [
        CliRunner().invoke(root, ("museum", "show", word), obj=known_eras).stdout
        for word in ("B8", "b8", "9b57e9d", "9B57E9D5010B")
    ]
    assert museum == museum[:1] * 4
