"""Several scenarios at once: alone, with a crew, in shards."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from aprt.cli.root import root
from aprt.core.scenario import Era
from tests.toy import ERAS

SUMMARY = "aprt: 4 scenarios: 2 VIOLATED, 1 INCONCLUSIVE, 1 HOLDS; states="


def known_toys() -> Mapping[str, Era]:
    return ERAS


def aprt(*args: str) -> Result:
    return CliRunner().invoke(root, args, obj=known_toys)


def explore(*args: str) -> Result:
    return aprt("explore", "toy/lost-update", "toy/abba", "toy/large", "toy/tidy", "--max-states", "200", *args)


def verdicts(result: Result) -> list[dict[str, Any]]:
    """What was said of each, certificates too, without how long it took."""
    return [{**one, "seconds": 0} for one in json.loads(result.stdout)["verdicts"]]


def test_each_scenario_has_its_line_and_the_worst_makes_the_exit_code() -> None:
    result = explore()
    *lines, empty, last = result.stdout.splitlines()
    assert result.exit_code == 1
    assert [line.split()[1] for line in lines] == ["VIOLATED", "VIOLATED", "INCONCLUSIVE", "HOLDS"]
    assert lines[1].startswith("aprt: VIOLATED property=T3 scenario=toy/abba era=toy with=- complete=no ")
    assert empty == ""
    assert last.startswith(SUMMARY)


@pytest.mark.parametrize(
    ("scenarios", "code"),
    [(("toy/tidy", "toy/abba"), 1), (("toy/tidy", "toy/large"), 3), (("toy/tidy", "toy/lost-update+atomic"), 0)],
)
def test_violated_is_worse_than_open_is_worse_than_holds(scenarios: tuple[str, ...], code: int) -> None:
    assert aprt("explore", *scenarios, "--max-states", "200").exit_code == code


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_what_cannot_be_searched_like_this_is_named_when_the_others_are_answered(jobs: str) -> None:
    result = aprt("explore", "toy/lost-update", "toy/abba", "toy/tidy", "--property", "T1", "--jobs", jobs)
    *lines, empty, last = result.stdout.splitlines()
    assert [line.split()[1:4:2] for line in lines] == [
        ["VIOLATED", "scenario=toy/lost-update"],
        ["HOLDS", "scenario=toy/tidy"],
    ]
    assert (result.exit_code, empty, last) == (
        2,
        "",
        "aprt: 3 scenarios: 1 VIOLATED, 1 HOLDS, 1 not answered; states=28",
    )
    assert result.stderr.splitlines()[-1] == "aprt: toy/abba: unknown property 'T1' (known: T3)"


def test_where_nothing_can_be_searched_like_this_that_is_all_that_is_said() -> None:
    result = aprt("explore", "toy/lost-update", "toy/abba", "--symmetry")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "aprt: toy/lost-update: no symmetry: nothing in this system is declared to be alike; "
        "leave out --symmetry (and 1 more cannot be searched like this)\n"
    )


def test_a_pattern_stands_for_all_scenarios_that_match_with_its_switches() -> None:
    result = aprt("explore", "t*/[at]*+locked", "--format", "json")
    assert [said["scenario"] for said in verdicts(result)] == ["toy/abba+locked", "toy/tidy"]


def test_a_parameter_that_changes_nothing_is_told_and_left_out_where_it_does_not() -> None:
    result = aprt(
        "explore", "toy/lost-update", "toy/abba", "--with", "threads=3", "--with", "locked", "--format", "json"
    )
    assert [said["scenario"] for said in verdicts(result)] == ["toy/lost-update+locked+threads=3", "toy/abba+locked"]
    told = "aprt: toy/abba is the same with threads=3, as it settles that itself; it is searched without"
    assert told in result.stderr.splitlines()


@pytest.mark.parametrize("command", ["explore", "run"])
def test_a_parameter_that_changes_nothing_in_the_one_scenario_is_refused(command: str) -> None:
    result = aprt(command, "toy/abba", "--with", "threads=3")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "aprt: toy/abba is the same with threads=3, as it settles that itself; "
        "leave that out (aprt scenario show toy/abba)\n"
    )


def test_a_measure_that_changes_nothing_is_a_question_and_no_mistake() -> None:
    assert aprt("explore", "toy/abba", "--with", "atomic").exit_code == 1


def test_two_processes_say_what_one_says() -> None:
    alone, crew = explore("--format", "json"), explore("--format", "json", "--jobs", "2")
    assert crew.exit_code == alone.exit_code == 1
    assert verdicts(crew) == verdicts(alone)


def test_shards_merge_to_the_whole(tmp_path: Path) -> None:
    for n in (1, 2, 3):
        (tmp_path / str(n)).write_text(explore("--format", "json", "--shard", f"{n}/3").stdout)
    whole = explore("--format", "json")
    merged = aprt("merge", *(str(tmp_path / n) for n in "312"), "--format", "json")
    assert merged.exit_code == whole.exit_code == 1
    assert verdicts(merged) == verdicts(whole)
    assert json.loads(merged.stdout)["shard"] == "1/1"
    assert aprt("merge", *(str(tmp_path / n) for n in "123")).stdout.splitlines()[-1].startswith(SUMMARY)
    reported = aprt("merge", *(str(tmp_path / n) for n in "312"), "--format", "ktap")
    assert (reported.exit_code, reported.stdout) == (1, explore("--format", "ktap").stdout)
    document = ElementTree.fromstring(aprt("merge", *(str(tmp_path / n) for n in "123"), "--format", "junit").stdout)
    assert [suite.get("name") for suite in document] == [one["scenario"] for one in verdicts(whole)]
    assert [document.get(word) for word in ("tests", "failures", "errors", "skipped")] == ["4", "2", "1", "0"]


def test_a_shard_that_is_missing_or_there_twice_is_told(tmp_path: Path) -> None:
    first = tmp_path / "first"
    first.write_text(explore("--format", "json", "--shard", "1/3").stdout)
    missing, twice = aprt("merge", str(first)), aprt("merge", str(first), str(first))
    assert (missing.exit_code, missing.stderr) == (2, "aprt: shards missing: 2/3, 3/3\n")
    assert (twice.exit_code, twice.stderr) == (2, "aprt: shard 1/3 is there twice\n")


def test_shards_of_two_questions_are_not_put_together(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text(explore("--format", "json", "--shard", "1/2").stdout)
    second.write_text(explore("--format", "json", "--shard", "2/2", "--max-depth", "9").stdout)
    result = aprt("merge", str(first), str(second))
    reason = "shards 1/2 and 2/2 were not asked the same (scenarios, files of your own, properties, bounds, strategy)"
    assert (result.exit_code, result.stderr) == (2, f"aprt: {reason}\n")


def test_what_one_shard_has_not_answered_is_missing_in_the_whole(tmp_path: Path) -> None:
    for n in (1, 2):
        tidy = aprt("explore", "toy/tidy", "toy/lost-update+atomic", "--format", "json", "--shard", f"{n}/2")
        sheet = json.loads(tidy.stdout)
        (tmp_path / str(n)).write_text(json.dumps({**sheet, "verdicts": [] if n == 2 else sheet["verdicts"]}))
    result = aprt("merge", str(tmp_path / "1"), str(tmp_path / "2"))
    assert result.exit_code == 130
    assert result.stdout.splitlines()[-1].startswith("aprt: 2 scenarios: 1 HOLDS, 1 not answered; ")
    reported = aprt("merge", str(tmp_path / "1"), str(tmp_path / "2"), "--format", "ktap")
    assert reported.exit_code == 130
    assert reported.stdout.splitlines()[-2:] == [
        "  not ok 1 verdict # ERROR not answered: interrupted",
        "not ok 2 toy/lost-update+atomic",
    ]


def test_a_directory_is_no_shard(tmp_path: Path) -> None:
    result = aprt("merge", str(tmp_path))
    assert (result.exit_code, result.stderr) == (2, f"aprt: {tmp_path}: is a directory, not a shard's answers\n")


WRONG = [
    ("no JSON", "not JSON"),
    ("{}", "not written by aprt explore --shard I/N --format json"),
    (
        '{"schema": null, "shard": "1/1", "question": "", "asked": [], "verdicts": [], "version": ""}',
        "not written by aprt explore --shard I/N --format json",
    ),
    ('{"schema": "aprt.verdict/1"}', "schema: 'aprt.verdict/1' cannot be merged (this aprt merges 'aprt.verdicts/1')"),
]


@pytest.mark.parametrize(("text", "reason"), WRONG)
def test_a_file_that_is_no_shard_is_told(text: str, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "answers.json"
    file.write_text(text)
    result = aprt("merge", str(file))
    assert (result.exit_code, result.stderr) == (2, f"aprt: {file}: {reason}\n")


USAGE = [
    (("toy/abba", "--shard", "0/2"), "'0/2' is no shard (try 1/4: the first of four)"),
    (("toy/abba", "toy/x*"), "no scenario matches 'toy/x*' (aprt scenario list shows them)"),
    (("toy/abba", "toy/tidy", "--jobs", "2", "--cluster", "here"), "--jobs and --cluster cannot be combined"),
    *(
        ((*args, option), f"{option}{wrong} (try 'aprt explore --help')")
        for args, wrong in (
            (("toy/abba", "toy/tidy"), ": for one SCENARIO, not for 2"),
            (("toy/abba", "--shard", "1/2"), " and --shard cannot be combined"),
        )
        for option in ("--measures-matrix", "--estimate")
    ),
    *(
        (("toy/abba", option, *other), f"{option} and {other[0]} cannot be combined")
        for option in ("--measures-matrix", "--estimate")
        for other in (("--jobs", "2"), ("--cluster", "here"), ("--symmetry",), ("--loop", "plain"))
    ),
    (("toy/abba", "--measures-matrix", "--runs", "5"), "--measures-matrix and --runs cannot be combined"),
    *(
        (("toy/abba", "--runs", "5", "--strategy", name), f"--runs is for random runs, and --strategy {name} does none")
        for name in ("states", "reduced", "dpor", "dpor:source")
    ),
    (("toy/abba", "--runs", "5", "--strategy", "pcd"), "unknown strategy 'pcd' (did you mean 'pct'?)"),
    (("toy/abba", "--estimate", "--measures-matrix"), "--measures-matrix and --estimate cannot be combined"),
    (("toy/abba", "--estimate", "--strategy", "dpor"), "--estimate and --strategy cannot be combined"),
]


def test_runs_for_which_the_strategy_that_was_picked_has_no_use_are_told() -> None:
    assert (
        "aprt: --runs was not needed: strategy states does no random runs\n"
        in aprt("explore", "toy/abba", "--runs", "5").stderr
    )
    for strategy in ("random", "pct:3"):
        assert "--runs" not in aprt("explore", "toy/abba", "--runs", "5", "--strategy", strategy).stderr


@pytest.mark.parametrize(("args", "line"), USAGE)
def test_what_cannot_be_meant_is_told_in_one_line(args: tuple[str, ...], line: str) -> None:
    result = aprt("explore", *args)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"aprt: {line}")
    assert result.stderr.count("\n") == 1
