"""`aprt explore --save` and `--resume`: whatever ends a search, it goes on and ends as if nothing had happened."""

from __future__ import annotations

import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from aprt.cli import known_eras
from aprt.cli.root import root
from aprt.core.scenario import Era
from aprt.verdict import many
from aprt.verdict.ask import ask
from aprt.verdict.case import Case
from aprt.verdict.verdict import Verdict
from tests.toy import ERAS

ROOT = Path(__file__).parents[2]
LARGE = ("explore", "toy/large", "--max-depth", "6", "--stop-on", "all")

# saves whenever it looks at the clock, and sends itself a signal after some saves
SAVING = """
import os, signal, sys
from contextlib import contextmanager
from aprt.cli import known_eras
from aprt.cli.root import root
from aprt.explore.saved import file
from tests.toy import ERAS

signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background is born deaf to it
end, saves = int(sys.argv.pop(1)), []
file._LEAST, file._SHARE = 0.0, 0
writing = file.SaveFile.writing

@contextmanager
def ending(self):
    with writing(self) as connection:
        yield connection
    saves.append(1)
    if len(saves) == 5:
        os.kill(os.getpid(), end)

file.SaveFile.writing = ending
root(obj=lambda: ERAS)
"""


def known_toys() -> Mapping[str, Era]:
    return ERAS


def aprt(*args: str) -> Result:
    return CliRunner().invoke(root, args, obj=known_toys)


def answer(*args: str) -> dict[str, Any]:
    """What is printed as JSON, but for the time it took."""
    found: dict[str, Any] = json.loads(aprt(*args, "--format", "json").stdout)
    return {**found, "seconds": 0}


def ended_by(end: signal.Signals, *args: str) -> tuple[int, str, str]:
    """The exit code and output of a process that gets a signal after some saves."""
    command = [sys.executable, "-c", SAVING, str(int(end)), *args]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout, ended.stderr


CHOICES = ("explore", "toy/lost-update", "--with", "threads=4", "--stop-on", "all")


@pytest.mark.parametrize(
    ("strategy", "search", "size", "complete"),
    [
        ("states", LARGE, ("states", 18_564), False),
        ("dpor", CHOICES, ("traces", 576), True),
        ("reduced", CHOICES, ("states", 330), True),
        ("portfolio", CHOICES, ("states", 329), False),
    ],
)
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_a_process_that_is_killed_or_interrupted_is_resumed(
    end: signal.Signals, strategy: str, search: tuple[str, ...], size: tuple[str, int], complete: bool, tmp_path: Path
) -> None:
    path = str(tmp_path / "search")
    code, out, err = ended_by(end, *search, "--strategy", strategy, "--save", path)
    if end == signal.SIGINT:
        assert (code, " complete=no " in out.splitlines()[-1]) == (130, True)
        assert err.endswith(f"aprt: what was found is in {path}: the same with --resume {path} goes on\n")
    else:
        assert (code, out) == (-signal.SIGKILL, "")
    whole = answer(*search, "--strategy", strategy)
    assert answer(*search, "--resume", path) == whole
    assert (whole[size[0]], whole["complete"]) == (size[1], complete)


# sends itself a signal when some of the file is read back
READING = """
import os, signal, sys
from aprt.cli.root import root
from aprt.explore.saved import reading
from tests.toy import ERAS

signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background is born deaf to it
read, reads = reading.Watchdog.read, []

def interrupted(watchdog, share):
    reads.append(share)
    if len(reads) == 2:
        os.kill(os.getpid(), signal.SIGINT)
    read(watchdog, share)

reading.Watchdog.read = interrupted
root(obj=lambda: ERAS)
"""


def test_ctrl_c_ends_a_search_that_is_being_read_back_also_where_it_is_complete(tmp_path: Path) -> None:
    path = str(tmp_path / "search")
    assert aprt(*LARGE, "--save", path).exit_code == 3
    before = Path(path).read_bytes()
    command = [sys.executable, "-c", READING, *LARGE, "--resume", path]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, " states=0 " in ended.stdout.splitlines()[-1]) == (130, True)
    assert ended.stderr.endswith(f"aprt: what was found is in {path}: the same with --resume {path} goes on\n")
    assert Path(path).read_bytes() == before


@pytest.mark.parametrize("bound", [("--max-states", "3000"), ("--budget", "20ms"), ("--budget", "0")])
def test_a_search_whose_bound_was_hit_goes_on_when_that_is_raised(bound: tuple[str, str], tmp_path: Path) -> None:
    path = str(tmp_path / "search")
    cut = aprt(*LARGE, "--save", path, *bound)
    assert cut.exit_code == 3
    assert cut.stderr.endswith(f"aprt: what was found is in {path}: the same with --resume {path} goes on\n")
    assert answer(*LARGE, "--resume", path) == answer(*LARGE, "--strategy", "states")


CYCLE = """
from aprt import Context, Mutex, System
lock = Mutex("lock")

async def spin():
    while True:
        await lock.lock()
        await lock.unlock()

system = System((lock,), (Context("a", spin), Context("b", spin)))
"""


@pytest.mark.parametrize(
    ("depth", "told"),
    [((), "an execution did not end; --max-depth bounds them"), (("--max-depth", "8"), "stopped at --max-depth")],
)
def test_a_search_that_its_depth_ended_is_not_said_to_go_on(depth: tuple[str, ...], told: str, tmp_path: Path) -> None:
    (tmp_path / "cycle.py").write_text(CYCLE)
    kept = str(tmp_path / "search")
    search = ("explore", f"{tmp_path}/cycle.py:system", "--strategy", "dpor", *depth)
    ended = CliRunner().invoke(root, (*search, "--save", kept), obj=known_eras)
    assert ended.exit_code == 3
    assert ended.stderr.endswith(f"; {told}\n")


def test_a_violation_is_found_again_with_its_token(tmp_path: Path) -> None:
    search = ("explore", "toy/lost-update", "--with", "threads=4", "--stop-on", "all")
    path = str(tmp_path / "search")
    assert aprt(*search, "--save", path, "--max-states", "325").exit_code == 3
    found = answer(*search, "--resume", path)
    assert found == answer(*search, "--strategy", "states")
    assert (found["verdict"], found["complete"], found["token"] is None) == ("VIOLATED", True, False)
    again = aprt(*search, "--resume", path)
    assert (again.exit_code, "goes on" in again.stderr) == (1, False)


@pytest.mark.parametrize("strategy", ["states", "dpor"])
def test_a_search_that_was_resumed_has_the_certificate_of_one_that_was_not(strategy: str, tmp_path: Path) -> None:
    search, path = ("explore", "v4/h3+vm_ref", "--strategy", strategy, "--format", "json"), str(tmp_path / "search")
    assert shipped(*search, "--save", path, "--max-states", "100")["certificate"]["exercised"] is None
    whole = shipped(*search)
    assert shipped(*search, "--resume", path) == whole
    assert whole["certificate"]["unexercised"] > 0
    assert {"gaps", "branches", "single", "idle", "never"} <= whole["certificate"]["exercised"].keys()


def shipped(*args: str) -> dict[str, Any]:
    """What is printed about a shipped scenario, but for the time it took."""
    found: dict[str, Any] = json.loads(CliRunner().invoke(root, args, obj=known_eras).stdout)
    return {**found, "seconds": 0}


def saved(tmp_path: Path) -> str:
    path = tmp_path / "search"
    assert aprt("explore", "toy/lost-update", "--save", str(path)).exit_code == 1
    return str(path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("toy/tidy",), "scenario toy/lost-update, not toy/tidy"),
        (("toy/lost-update", "--with", "locked"), "scenario toy/lost-update, not toy/lost-update+locked"),
        (("toy/lost-update", "--property", "T2"), "properties T1, not T2"),
        (("toy/lost-update", "--strategy", "dpor"), "strategy states, not dpor"),
        (("toy/lost-update", "--strategy", "random"), "strategy states, not random"),
        (("toy/lost-update", "--symmetry"), "symmetry no, not yes"),
        (("toy/lost-update", "--seed", "5"), "seed 0, not 5"),
        (("toy/lost-update", "--stop-on", "all"), "stop-on first, not all"),
        (("toy/lost-update", "--max-depth", "3"), "max-depth none, not 3"),
    ],
)
def test_another_question_is_refused(options: tuple[str, ...], message: str, tmp_path: Path) -> None:
    path = saved(tmp_path)
    result = aprt("explore", *options, "--resume", path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"aprt: {path} holds another search: {message}\n"


def test_a_search_of_another_program_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE question SET value = '0.0 (0123)' WHERE name = 'program'")
    connection.close()
    result = aprt("explore", "toy/lost-update", "--resume", path)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"aprt: {path} holds another search: program 0.0 (0123), not ")
    assert result.stderr.count("\n") == 1


def test_a_file_that_cannot_be_used_is_one_line_and_exit_2(tmp_path: Path) -> None:
    foreign, text, empty, path = tmp_path / "foreign", tmp_path / "text", tmp_path / "empty", saved(tmp_path)
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE question (name, value)")
    connection.close()
    text.write_text("no database, but a text that is as long as the header of one would be, and longer than that\n" * 9)
    empty.touch()
    short, cut, pipe = tmp_path / "short", tmp_path / "cut", tmp_path / "pipe"
    begin = Path(path).read_bytes()
    short.write_bytes(begin[:50])
    cut.write_bytes(begin[: len(begin) // 2])
    os.mkfifo(pipe)
    for option, file, message in (
        ("--resume", foreign, f"{foreign} is no search that aprt saved"),
        ("--resume", text, f"{text} is no search that aprt saved"),
        ("--resume", empty, f"{empty} is no search that aprt saved"),
        ("--resume", short, f"{short} is no search that aprt saved"),
        ("--resume", cut, f"{cut} is damaged: begin anew"),
        ("--resume", pipe, f"{pipe} is no search that aprt saved"),
        ("--resume", "/dev/null", "/dev/null is no search that aprt saved"),
        ("--save", "/dev/full", "cannot use /dev/full: Is no regular file"),
        ("--resume", tmp_path / "none", f"cannot use {tmp_path / 'none'}: No such file or directory"),
        ("--resume", tmp_path, f"cannot use {tmp_path}: Is a directory"),
        ("--save", "/no/where", "cannot use /no/where: No such file or directory"),
        ("--save", tmp_path, f"cannot use {tmp_path}: Is a directory"),
        ("--save", path, f"{path} exists already: --resume {path} goes on with it, --save makes a new file"),
    ):
        result = aprt("explore", "toy/abba", option, str(file))
        assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"aprt: {message}\n")
    assert aprt("explore", "toy/lost-update", "--resume", path).exit_code == 1
    assert (empty.read_bytes(), short.read_bytes()) == (b"", begin[:50])


def test_a_disk_that_is_full_is_one_line_and_exit_2(tmp_path: Path) -> None:
    path = tmp_path / "search"
    few = (50 << 10, 50 << 10)
    command = (sys.executable, "-m", "aprt", "explore", "v4/h3", "--strategy", "states", "--save", str(path))
    full = subprocess.run(
        command, capture_output=True, text=True, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, few)
    )
    assert (full.returncode, full.stdout, full.stderr) == (2, "", f"aprt: cannot use {path}: disk I/O error\n")
    assert not path.exists()


@pytest.mark.parametrize("option", ["--save", "--resume"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("toy/lost-update", "--jobs", "2"),
            "one scenario that is shared cannot be saved and resumed: leave out --jobs and --cluster",
        ),
        (("toy/lost-update", "--estimate"), "--estimate and OPTION cannot be combined (try 'aprt explore --help')"),
        (
            ("toy/lost-update", "--measures-matrix"),
            "--measures-matrix and OPTION cannot be combined (try 'aprt explore --help')",
        ),
    ],
)
def test_options_that_do_not_go_with_a_file_are_refused(
    options: tuple[str, ...], message: str, option: str, tmp_path: Path
) -> None:
    path = str(tmp_path / "new") if option == "--save" else saved(tmp_path)
    result = aprt("explore", *options, option, path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"aprt: {message.replace('OPTION', option)}\n"
    assert not (tmp_path / "new").exists()


def test_lots_are_drawn_on_when_more_runs_are_asked_for(tmp_path: Path) -> None:
    search, path = ("explore", "toy/large", "--strategy", "pct:2", "--seed", "3"), str(tmp_path / "search")
    first = aprt(*search, "--runs", "20", "--save", path)
    assert first.exit_code == 3
    assert first.stderr.endswith(f"in {path}: the same with --resume {path} and more --runs goes on\n")
    assert answer(*search, "--runs", "50", "--resume", path) == answer(*search, "--runs", "50")
    again = aprt(*search, "--runs", "49", "--resume", path)
    assert (again.exit_code, again.stderr) == (2, "aprt: there are 50 executions by now: --runs 49 is too few\n")


def test_what_is_to_be_typed_to_go_on_can_be_pasted(tmp_path: Path) -> None:
    path = tmp_path / "my search"
    result = aprt("explore", "toy/large", "--max-states", "50", "--save", str(path))
    assert result.stderr.endswith(f'in {path}: the same with --resume "{path}" goes on\n')
    again = aprt("explore", "toy/large", "--max-states", "50", "--save", str(path))
    assert again.stderr == (
        f"aprt: {path} exists already: --resume '{path}' goes on with it, --save makes a new file\n"
    )


def test_a_search_that_its_first_violation_ended_does_not_promise_to_go_on(tmp_path: Path) -> None:
    result = aprt("explore", "toy/abba", "--save", str(tmp_path / "search"))
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert result.stderr.endswith("; stopped at the first violation\n")


def test_a_file_is_saved_or_resumed(tmp_path: Path) -> None:
    path = saved(tmp_path)
    result = aprt("explore", "toy/abba", "--save", path, "--resume", path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "aprt: --save and --resume cannot be combined: what is resumed is saved where it was "
        "(try 'aprt explore --help')\n"
    )


SEVERAL = ("explore", "toy/lost-update", "toy/abba", "toy/large", "toy/tidy", "--max-states", "200")

# stops by Ctrl-C when it is about to search the third scenario
THIRD = """
import os, signal
from aprt.cli.root import root
from aprt.core.scenario import Era
from aprt.verdict import many
from tests.toy import ERAS

signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background is born deaf to it
ask, asked = many.ask, []

def third(*args):
    asked.append(1)
    if len(asked) == 3:
        os.kill(os.getpid(), signal.SIGINT)
    return ask(*args)

many.ask = third
root(obj=lambda: ERAS)
"""


def answers(*args: str) -> list[dict[str, Any]]:
    """What is printed as JSON of several scenarios, but for the time it took."""
    return [{**one, "seconds": 0} for one in json.loads(aprt(*args, "--format", "json").stdout)["verdicts"]]


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_answers_about_several_scenarios_are_kept_and_not_asked_for_again(
    jobs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "search")
    command = [sys.executable, "-c", THIRD, *SEVERAL, "--save", path]
    cut = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert cut.returncode == 130
    assert cut.stdout.splitlines()[-1].startswith("aprt: 4 scenarios: 2 VIOLATED, 2 not answered; ")
    assert cut.stderr.endswith(f"aprt: the answers so far are in {path}: the same with --resume {path} goes on\n")
    assert answers(*SEVERAL, "--resume", path, "--jobs", jobs) == answers(*SEVERAL)
    whole = aprt(*SEVERAL, "--format", "ktap").stdout
    monkeypatch.setattr(many, "ask", None)  # nothing is left to ask
    assert aprt(*SEVERAL, "--resume", path).exit_code == 1
    assert aprt(*SEVERAL, "--resume", path, "--format", "ktap").stdout == whole


def test_of_several_scenarios_those_that_a_bound_left_open_are_asked_again_when_it_is_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, asked = str(tmp_path / "search"), list[str]()

    def noted(case: Case, *rest: Any) -> Verdict:
        asked.append(str(case))
        return ask(case, *rest)

    monkeypatch.setattr(many, "ask", noted)

    def resumed(*bounds: str) -> tuple[list[str], list[dict[str, Any]]]:
        asked.clear()
        found = answers(*SEVERAL, *bounds, "--resume", path)
        return asked[:], found

    first = answers(*SEVERAL, "--save", path)
    assert [one["open"] for one in first][2] == "stopped at --max-states"
    for lower in ((), ("--max-states", "100"), ("--max-states", "100", "--budget", "9h")):
        assert resumed(*lower) == ([], first)
    again, found = resumed("--max-states", "300", "--budget", "9h")
    assert (again, found) == (["toy/large"], answers(*SEVERAL, "--max-states", "300"))
    assert [one["states"] for one in found][2] == 300
    assert resumed("--max-states", "300") == (["toy/large"], found)  # to have no budget is more, too
    monkeypatch.setattr(many, "ask", None)
    assert answers(*SEVERAL, "--max-states", "300", "--resume", path) == found


def test_what_was_violated_while_all_was_looked_for_is_asked_again_too(tmp_path: Path) -> None:
    search, path = ("explore", "toy/lost-update", "toy/abba", "--stop-on", "all"), str(tmp_path / "search")
    few = answers(*search, "--max-states", "15", "--save", path)
    assert [(one["verdict"], one["complete"]) for one in few] == [("VIOLATED", True), ("VIOLATED", False)]
    assert answers(*search, "--resume", path) == answers(*search) != few


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--max-depth", "3"), "max-depth none, not 3"),
        (("--property", "T1"), "properties of each its own, not T1"),
        (("--shard", "1/2"), "scenarios toy/lost-update toy/abba toy/large toy/tidy, not toy/lost-update toy/large"),
    ],
)
def test_answers_to_another_question_are_refused(options: tuple[str, ...], message: str, tmp_path: Path) -> None:
    path = str(tmp_path / "search")
    assert aprt(*SEVERAL, "--save", path).exit_code == 1
    for command, told in (((*SEVERAL, *options), message), (("explore", "toy/tidy"), "scenario none, not toy/tidy")):
        result = aprt(*command, "--resume", path)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == f"aprt: {path} holds another search: {told}\n"


@pytest.mark.parametrize(("damage", "told"), [("[]", "is damaged, or"), ("{}", "verdicts: one has no 'scenario'")])
def test_a_file_of_answers_that_is_damaged_is_told(damage: str, told: str, tmp_path: Path) -> None:
    path = str(tmp_path / "search")
    aprt(*SEVERAL, "--save", path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE answers SET answer = ?", (damage,))
    connection.close()
    result = aprt(*SEVERAL, "--resume", path)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert result.stderr.startswith(f"aprt: {path}")
    assert told in result.stderr
