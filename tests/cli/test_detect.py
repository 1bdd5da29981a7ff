"""`--detect` of run and replay, and `aprt bench detect`."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from aprt.cli.root import root
from aprt.detect.kinds import KINDS
from aprt.vfio_ap.eras import ERAS as REAL
from tests.cli.commands import ABBA, aprt

DEADLOCK = """
DETECTED hang: deadlock of 2: left waits for B.lock, held by right; right
  waits for A.lock, held by left
  waits  left in take(): B.lock, step 0
  waits  right in take(): A.lock, step 1
"""


def test_replay_tells_what_detectors_saw_and_the_steps_that_matter() -> None:
    assert DEADLOCK in aprt("replay", ABBA).stdout


def test_only_the_kinds_asked_for_are_heard() -> None:
    for options in (("--detect", "none"), ("--detect", "race")):
        assert "DETECTED" not in aprt("replay", ABBA, *options).stdout
    assert DEADLOCK in aprt("replay", ABBA, "--detect", "race", "--detect", "hang").stdout


def test_json_has_every_detection_and_null_where_nobody_listened() -> None:
    order, hang = json.loads(aprt("replay", ABBA, "--format", "json").stdout)["detected"]
    assert (order["kind"], order["text"]) == ("lock-order", "possible circular locking dependency: A -> B -> A")
    assert (hang["kind"], hang["step"], hang["objects"]) == ("hang", 1, ["left", "right", "B", "A"])
    assert hang["sites"][0] == {
        "role": "waits",
        "step": 0,
        "context": "left",
        "op": "B.lock",
        "functions": ["left", "take"],
    }
    for command in (("replay", ABBA), ("run", "toy/abba")):
        assert json.loads(aprt(*command, "--format", "json", "--detect", "none").stdout)["detected"] is None


def test_run_tells_the_races_of_its_last_execution() -> None:
    told = aprt("run", "toy/lost-update", "--seed", "1", "--runs", "50", "--detect", "race").stdout
    assert "\nDETECTED race: counter (value) is read by " in told
    assert "in bump(): counter.store, step " in told


def test_a_possible_use_after_free_comes_with_a_token_that_replay_ends_in_it() -> None:
    options = ("--seed", "4", "--property", "P23", "--detect", "use-after-free", "--format", "json")
    run = CliRunner().invoke(root, ("run", "v4/rogue-close", *options), obj=lambda: REAL)
    assert run.exit_code == 0
    told = {one["text"]: one["realised"] for one in json.loads(run.stdout)["detected"]}
    assert len(told) == 4
    realised = told["possible use-after-free of vm0: rogue uses it and vm0.vcpu0 frees it, in no order"]
    assert realised["schedule"][-1] == ["rogue", "vm0.set_hook"]
    replay = CliRunner().invoke(root, ("replay", realised["token"], "--detect", "none"), obj=lambda: REAL)
    assert replay.exit_code == 1
    assert "VIOLATED P9: use after free: set_hook on freed vm0" in replay.stdout


def test_none_goes_with_no_other_kind() -> None:
    result = aprt("run", "toy/abba", "--detect", "none", "--detect", "race")
    assert (result.exit_code, result.stderr) == (2, "aprt: --detect none goes with no other --detect\n")


@pytest.mark.parametrize("command", ["run", "replay"])
def test_help_lists_the_kinds(command: str) -> None:
    words = aprt(command, "--help").stdout
    assert "--detect KIND" in words
    assert f"Oneof{','.join(KINDS)},all,none." in "".join(words.split())  # lines are broken at hyphens, too


@pytest.mark.parametrize("options", [(), ("--free",)])
def test_bench_detect_is_the_quotient_of_two_paces(options: tuple[str, ...]) -> None:
    run = aprt("bench", "detect", "toy/abba", "--pairs", "2", "--seconds", "0.05", "--format", "json", *options)
    told = json.loads(run.stdout)
    alone, detected = (told[way]["steps"] / told[way]["seconds"] for way in ("alone", "detected"))
    assert told["ratio"] == pytest.approx(alone / detected)
    assert told["detectors"] == list(KINDS)


def test_the_last_line_of_bench_detect_is_for_grep() -> None:
    run = aprt("bench", "detect", "toy/abba", "--pairs", "1", "--seconds", "0.01", "--detect", "hang")
    assert run.exit_code == 0
    assert run.stdout.splitlines()[-1].startswith("aprt: DETECT ratio=")
    assert run.stdout.splitlines()[-1].endswith(" detectors=hang scenario=toy/abba mode=gated")


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--free",)])
def test_detectors_take_at_most_as_much_again(options: tuple[str, ...]) -> None:
    run = aprt("bench", "detect", "toy/large", "--pairs", "4", "--seconds", "1", "--format", "json", *options)
    assert json.loads(run.stdout)["ratio"] <= 2
