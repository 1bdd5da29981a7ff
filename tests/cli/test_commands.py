"""What commands print, where to, and what they exit with."""

from __future__ import annotations

import json

import pytest

from aprt.cli.root import COMMANDS
from tests.cli.commands import ABBA, aprt


@pytest.mark.parametrize(
    ("args", "code", "last"),
    [
        (("toy/abba",), 1, "aprt: VIOLATED property=T3 scenario=toy/abba era=toy with=- complete=no "),
        (("toy/tidy",), 0, "aprt: HOLDS property=T1 scenario=toy/tidy era=toy with=locked complete=yes "),
        (("tidy", "--era", "toy"), 0, "aprt: HOLDS property=T1 "),
        (("toy/lost-update", "--with", "atomic"), 0, "aprt: HOLDS property=T1 "),
        (("toy/tidy", "--without", "locked"), 1, "aprt: VIOLATED property=T1 "),
        (("toy/abba", "--with", "all-measures", "--without", "locked"), 1, "aprt: VIOLATED property=T3 "),
        (("toy/lost-update", "--property", "T2"), 0, "aprt: HOLDS property=T2 "),
        (("toy/lost-update", "--property", "all", "--stop-on", "all"), 1, "aprt: VIOLATED property=T1 "),
        (("toy/large", "--max-states", "100"), 3, "aprt: INCONCLUSIVE property=T5 "),
        (("toy/large", "--max-depth", "3"), 3, "aprt: INCONCLUSIVE property=T5 "),
        (("toy/large", "--budget", "1ms"), 3, "aprt: INCONCLUSIVE property=T5 "),
        (("toy/tidy", "--strategy", "random", "--runs", "5", "--seed", "3"), 3, "aprt: NOT FOUND property=T1 "),
    ],
)
def test_explore_exits_with_the_code_of_its_verdict(args: tuple[str, ...], code: int, last: str) -> None:
    result = aprt("explore", *args)
    assert (result.exit_code, result.stdout.splitlines()[-1][: len(last)]) == (code, last)


def test_data_goes_to_stdout_and_progress_to_stderr() -> None:
    result = aprt("explore", "toy/tidy", "--format", "json")
    assert json.loads(result.stdout)["verdict"] == "HOLDS"
    assert result.stderr.startswith("aprt: 16 states, 16 steps, depth 8, ")
    assert result.stderr.endswith("; complete\n")


def test_estimate_says_how_many_interleavings_and_traces_there_are() -> None:
    result = aprt("explore", "toy/lost-update", "--estimate", "--runs", "200")
    assert (result.exit_code, result.stderr) == (0, "")
    assert (
        result.stdout
        == """\
toy/lost-update  two threads add one

interleavings  about 6, with 95 % from 6 to 6
traces         about 4, with 95 % from 4 to 4

from 200 random walks

aprt: ESTIMATE scenario=toy/lost-update era=toy with=- interleavings=6 traces=4 reliable=yes probes=200
"""
    )
    data = json.loads(aprt("explore", "toy/lost-update", "--estimate", "--format", "json").stdout)
    assert data["schema"] == "aprt.estimate/1"
    assert data["traces"] == {
        "value": 4.0,
        "error": 0.0,
        "low": 4.0,
        "high": 4.0,
        "effective": data["probes"],
        "reliable": True,
    }


def test_run_repeats_with_its_seed_and_prints_a_token_that_replays() -> None:
    first, second = (aprt("run", "toy/lost-update", "--seed", "1", "--runs", "50") for _ in range(2))
    assert first.exit_code == 1
    assert first.stdout == second.stdout
    token = first.stdout.split()[-1].removeprefix("token=")
    assert aprt("replay", token).exit_code == 1


def test_run_without_a_finding_exits_with_0_and_claims_nothing() -> None:
    for options in ((), ("--chaos",), ("--free",), ("--free", "--chaos"), ("--free", "--jitter", "3")):
        result = aprt("run", "toy/tidy", *options)
        assert result.exit_code == 0
        assert result.stdout.splitlines()[-1].startswith("aprt: RAN property=- scenario=toy/tidy ")
        assert result.stdout.splitlines()[-1].endswith(" ending=end token=-")


def test_a_run_that_is_cut_is_inconclusive() -> None:
    result = aprt("run", "toy/large", "--max-steps", "5", "--format", "json")
    data = json.loads(result.stdout)
    assert (result.exit_code, data["steps"], data["ending"], data["verdict"]) == (3, 5, "cut", "RAN")
    told = aprt("run", "toy/large", "--max-steps", "5").stdout
    assert told.splitlines()[-1].endswith(" runs=1 steps=5 ending=cut token=-")
    assert "5 steps on trio, picked at random, seed 0, 1 run; cut at --max-steps 5:\nmore could follow\n" in told


def test_the_measures_matrix_is_printed() -> None:
    result = aprt("explore", "toy/lost-update", "--measures-matrix")
    assert (result.exit_code, "  T1  locked\n  or  atomic\n" in result.stdout) == (0, True)
    assert aprt("explore", "toy/lost-update", "--measures-matrix", "--max-states", "2").exit_code == 3


@pytest.mark.parametrize(
    ("options", "after", "code"),
    [
        (("toy/lost-update", "--compare", "with=locked"), "toy/lost-update+locked", 0),
        (("toy/tidy", "--compare", "without=locked", "--format", "json"), "toy/tidy+locked=out", 1),
        (
            ("toy/lost-update+locked", "--compare", "with=atomic", "--compare", "without=locked"),
            "toy/lost-update+atomic",
            0,
        ),
    ],
)
def test_explore_compare_is_the_diff_of_a_scenario_and_its_change(
    options: tuple[str, ...], after: str, code: int
) -> None:
    told, form = aprt("explore", *options), options[3:] if "json" in options else ()
    diff = aprt("diff", options[0], after, *form)
    assert (told.exit_code, told.stdout) == (code, diff.stdout)
    assert diff.exit_code == code
    assert aprt("explore", *options, "--max-states", "2").exit_code == 3


@pytest.mark.parametrize(
    ("args", "schema"),
    [
        ("scenario list", "aprt.scenarios/1"),
        ("scenario show toy/abba", "aprt.scenario/1"),
        ("property list", "aprt.properties/1"),
        ("property show T1", "aprt.properties/1"),
        ("era list", "aprt.eras/1"),
        ("era show toy", "aprt.era/1"),
        ("doctor", "aprt.doctor/1"),
        ("explore toy/tidy", "aprt.verdict/1"),
        ("explore toy/abba --measures-matrix", "aprt.matrix/1"),
        ("locks toy/abba", "aprt.locks/1"),
        ("run toy/tidy", "aprt.run/1"),
        (f"replay {ABBA}", "aprt.trace/1"),
        (f"explain {ABBA}", "aprt.trace/1"),
        ("bench startup --times 1", "aprt.startup/1"),
        ("bench live-hits toy/abba --property T3 --runs 1", "aprt.hits/1"),
        ("bench faults toy/abba --fault stray", "aprt.faults/1"),
    ],
)
def test_what_a_program_may_read_is_json_with_a_schema(args: str, schema: str) -> None:
    result = aprt(*args.split(), "--format", "json")
    assert json.loads(result.stdout)["schema"] == schema


def test_colour_is_asked_for_or_left_out() -> None:
    def painted(*args: str, **env: str) -> bool:
        return "\x1b[" in aprt("explore", "toy/abba", *args, env=env).stdout

    assert not painted()
    assert painted("--color", "always")
    assert painted(FORCE_COLOR="1")
    assert not painted(FORCE_COLOR="1", NO_COLOR="1")
    assert not painted("--color", "never", FORCE_COLOR="1")


def test_every_command_has_help_and_the_root_prints_it() -> None:
    for name in COMMANDS:
        result = aprt(name, "--help")
        assert (result.exit_code, f"Usage: aprt {name}" in result.stdout) == (0, True)
    assert aprt().stdout == aprt("--help").stdout
    assert all(f"\n  {name} " in aprt().stdout for name in COMMANDS)
    assert aprt("--version").stdout.startswith("aprt ")


def test_doctor_names_what_is_installed() -> None:
    data = json.loads(aprt("doctor", "--format", "json").stdout)
    assert data["ok"] is True
    assert set(data["packages"]) >= {"trio", "rich", "msgspec", "numpy"}
    assert aprt("doctor").stdout.endswith("aprt: doctor: all is there\n")


def test_live_hits_compares_the_ways_of_running() -> None:
    result = aprt("bench", "live-hits", "toy/lost-update", "--property", "T1", "--runs", "5", "--format", "json")
    data = json.loads(result.stdout)
    assert [way["way"] for way in data["ways"]] == ["plain", "jittered", "steered", "gated", "chaos"]
    assert all(0 <= way["hits"] <= way["runs"] == 5 for way in data["ways"])
    assert all(way["per_1000"] == 200 * way["hits"] and way["complete"] for way in data["ways"])


def test_hits_are_told_per_thousand_runs() -> None:
    lines = aprt("bench", "live-hits", "toy/tidy", "--property", "T1", "--runs", "2").stdout.splitlines()
    assert lines[0] == "toy/tidy T1: hits per 1,000 live runs, from seed 0"
    assert lines[2].startswith("plain           0.0   never ")
    assert (
        lines[-1] == "aprt: HITS property=T1 scenario=toy/tidy plain=0.0 jittered=0.0 steered=0.0 gated=0.0 chaos=0.0"
    )


def test_planted_faults_are_told_in_either_form() -> None:
    args = "bench", "faults", "toy/lost-update", "--fault", "dropped_reply"
    text, data = aprt(*args), json.loads(aprt(*args, "--format", "json").stdout)
    assert text.exit_code == 4
    assert text.stdout == f"dropped_reply  in run 1, {data['faults'][0]['difference']}\n"
