"""Commands that take or keep a schedule: replay, explain, shrink, --schedule."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from aprt.cli import known_eras
from aprt.cli.root import root
from tests.cli.commands import ABBA, aprt, token_of


def test_replay_shows_the_steps_on_trio_and_what_they_violate() -> None:
    result = aprt("replay", ABBA, "--detect", "none")
    assert result.exit_code == 1
    assert (
        result.stdout
        == """\
toy/abba  two locks in two orders

   0  left   A.lock()
   1  right  B.lock()

2 steps on trio, the same as in the explorer; deadlock: left waits for
B.lock, right waits for A.lock

VIOLATED T3: each waits for the other

aprt: VIOLATED property=T3 scenario=toy/abba era=toy with=- steps=2 token=aprt2:toy/abba:rgFjmI097Uqg
"""
    )


def test_replay_as_json_names_every_step() -> None:
    data = json.loads(aprt("replay", ABBA, "--format", "json").stdout)
    assert (data["schema"], data["ending"], data["token"]) == ("aprt.trace/1", "deadlock", ABBA)
    assert data["steps"][1] == {
        "context": "right",
        "functions": ["right", "take"],
        "op": "B.lock",
        "nth": 1,
        "actor": "B",
        "args": [],
        "reply": None,
        "changed": True,
        "state": "MutexState(owner=right)",
        "notes": ["Took(hold=Hold(lock=B))"],
    }
    assert data["findings"] == [{"property": "T3", "text": "each waits for the other"}]


def test_a_token_that_does_not_fit_the_model_exits_with_4_and_says_why() -> None:
    for args in (("aprt2:toy/abba+same_order:rgFjmI097Uqg",), (ABBA, "--with", "same_order")):
        result = aprt("replay", *args)
        assert (result.exit_code, result.stdout) == (4, "")
        assert result.stderr == (
            "aprt: replay diverged at step 1: expected right to go on to B.lock, but it blocks or is done; "
            "enabled: left: B.lock\n"
        )


def test_a_saved_schedule_replays(tmp_path: Path) -> None:
    file = str(tmp_path / "race.json")
    saved = aprt("explore", "toy/abba", "--schedule", file)
    assert saved.exit_code == 1
    assert saved.stderr.endswith(f"aprt: the schedule is in {file}; aprt replay {file}\n")
    assert aprt("replay", file).stdout.replace(file, ABBA) == aprt("replay", ABBA).stdout
    assert aprt("explain", file).stdout == aprt("explain", ABBA).stdout


@pytest.mark.parametrize("command", [("explore", "toy/nothing"), ("run", "toy/nothing"), ("shrink", "aprt2:nothing")])
@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("no/such/file", "No such file or directory"),
        ("file/x", "Not a directory"),
        ("", "Is a directory"),
        ("/dev/null", "Is no regular file"),
        ("x" * 300, "File name too long"),
    ],
)
def test_a_schedule_that_cannot_be_written_is_told_before_anything_else(
    command: tuple[str, ...], file: str, why: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("mine")
    result = aprt(*command, "--schedule", str(tmp_path / file))
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"aprt: cannot write {tmp_path / file}: {why}\n")
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("file", "mine")]


def test_a_schedule_file_that_is_there_is_only_replaced_by_a_schedule(tmp_path: Path) -> None:
    file, link = tmp_path / "race.json", tmp_path / "link.json"
    file.write_text("mine")
    link.symlink_to(file)
    mode = file.stat().st_mode
    assert aprt("explore", "toy/tidy", "--schedule", str(link)).exit_code == 0
    assert file.read_text() == "mine"
    assert aprt("explore", "toy/abba", "--schedule", str(link)).exit_code == 1
    assert link.is_symlink()
    assert file.stat().st_mode == mode
    assert aprt("replay", str(file)).exit_code == 1
    assert {one.name for one in tmp_path.iterdir()} == {"race.json", "link.json"}


def test_a_search_and_its_schedule_are_two_files(tmp_path: Path) -> None:
    file = str(tmp_path / "search")
    result = aprt("explore", "toy/abba", "--save", file, "--schedule", file)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"aprt: {file}: a file for the search and one for the schedule cannot be the same (try 'aprt explore --help')\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_saved_when_nothing_is_violated(tmp_path: Path) -> None:
    result = aprt("explore", "toy/tidy", "--schedule", str(tmp_path / "race.json"))
    assert result.stderr.endswith(
        "aprt: nothing was violated, so " + str(tmp_path / "race.json") + " was not written\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_explain_prints_columns_what_they_violate_and_how_to_see_it_again() -> None:
    result = aprt("explain", ABBA)
    lines = result.stdout.splitlines()
    assert (result.exit_code, lines[0]) == (0, "toy/abba")
    assert lines[-11:] == [
        "violates T3: each waits for the other",
        "locks held then: A by left; B by right",
        "",
        "Why",
        "smallest    this one: 1 preemption, 2 steps, 1 switch",
        "            optimal: no failing schedule with fewer preemptions exists",
        "decides     no order of two steps, and no choice, by itself",
        "always      nothing that tells executions that fail from others",
        "searched    16 states, all there are up to a failure",
        "",
        f"reproduce   aprt replay {ABBA}",
    ]
    assert max(map(len, lines)) <= 75


def test_explain_as_json_says_why() -> None:
    data = json.loads(aprt("explain", ABBA, "--format", "json").stdout)
    assert data == json.loads(aprt("explain", ABBA, "--format", "json").stdout)
    assert data["cause"]["smallest"]["token"] == ABBA
    harmless = token_of("toy/abba", [("left", "A.lock")])
    assert json.loads(aprt("explain", harmless, "--format", "json").stdout)["cause"] is None
    assert "Why" not in aprt("explain", harmless).stdout


def test_shrink_prints_the_smallest_schedule_and_says_that_it_is() -> None:
    schedule = [("right", "B.lock"), ("left", "A.lock")]
    result = aprt("shrink", token_of("toy/abba", schedule))
    assert result.exit_code == 0
    assert (
        result.stdout
        == """\
toy/abba  two locks in two orders

T3: no deadly embrace
  each waits for the other

  right                               left
  -----                               ----
  right()
    take()
      mutex_lock(B)
                                      left()
                                        take()
                                          mutex_lock(A)

fails       when left does A.lock
before      1 preemption, 2 steps, 1 switch
after       1 preemption, 2 steps, 1 switch
            optimal: no failing schedule with fewer preemptions exists

reproduce   aprt replay TOKEN
explain     aprt explain TOKEN

aprt: SHRUNK property=T3 scenario=toy/abba era=toy with=- claim=optimal preemptions=1 steps=2 switches=1 token=TOKEN
""".replace("TOKEN", token_of("toy/abba", schedule))
    )


def test_shrink_as_json_has_both_prices_and_a_token_that_replays(tmp_path: Path) -> None:
    steps = [("a", "counter.load"), ("b", "counter.load"), ("c", "counter.load")]
    steps += [("a", "counter.store"), ("c", "counter.store"), ("b", "counter.store")]
    token, file = token_of("toy/lost-update+threads=3", steps), str(tmp_path / "small.json")
    data = json.loads(aprt("shrink", token, "--format", "json", "--schedule", file).stdout)
    assert data["before"] == {"preemptions": 3, "steps": 6, "switches": 5, "token": token}
    assert data["after"] == {"preemptions": 1, "steps": 6, "switches": 3, "token": data["after"]["token"]}
    assert (data["claim"], data["fails"], data["schema"]) == ("optimal", "at the end", "aprt.shrink/1")
    for name in (file, data["after"]["token"]):
        assert aprt("replay", name).exit_code == 1
    tried = json.loads(aprt("shrink", token, "--format", "json", "--max-states", "1").stdout)
    hurried = json.loads(aprt("shrink", token, "--format", "json", "--budget", "0s").stdout)
    assert (tried["claim"], tried["after"]["preemptions"]) == ("1-minimal", 1)
    assert (hurried["claim"], hurried["after"]) == ("stopped", hurried["before"])
    patient = json.loads(aprt("shrink", token, "--format", "json", "--budget", "1h").stdout)
    assert patient["claim"] == "optimal"


def test_shrink_refuses_a_schedule_that_breaks_nothing_and_one_that_does_not_fit() -> None:
    harmless = token_of("toy/abba", [("left", "A.lock")])
    result = aprt("shrink", harmless)
    assert (result.exit_code, result.stderr) == (
        2,
        f"aprt: {harmless}: breaks none of T3: there is nothing to shrink\n",
    )
    assert aprt("shrink", ABBA, "--with", "same_order").exit_code == 4


def test_the_json_of_a_bug_of_the_museum_has_the_token_of_what_was_found() -> None:
    told = CliRunner().invoke(root, ("explain", "B4", "--format", "json"), obj=known_eras).stdout
    token = json.loads(told)["token"]
    assert token.startswith("aprt2:")
    again = CliRunner().invoke(root, ("explain", token, "--format", "json"), obj=known_eras).stdout
    assert json.loads(again) == json.loads(told)
