"""`aprt explore --save` and `--resume`: whatever ends a search, it goes on and ends as if nothing had happened."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from aprt.cli.root import root
from tests.toy import ERAS

ROOT = Path(__file__).parents[2]
LARGE = ("explore", "toy/large", "--max-depth", "6", "--stop-on", "all")

# saves whenever it looks at the clock, and tells on stderr
SAVING = """
import sys
from contextlib import contextmanager
from aprt.cli.root import root
from aprt.explore.saved import file
from tests.toy import ERAS

file._LEAST, file._SHARE = 0.0, 0
writing = file.SaveFile.writing

@contextmanager
def telling(self):
    with writing(self) as connection:
        yield connection
    print("saved", file=sys.stderr, flush=True)

file.SaveFile.writing = telling
root(obj=lambda: ERAS)
"""


def aprt(*args: str) -> Result:
    return CliRunner().invoke(root, args, obj=lambda: ERAS)


def answer(*args: str) -> dict[str, Any]:
    """What is printed as JSON, but for the time it took."""
    found: dict[str, Any] = json.loads(aprt(*args, "--format", "json").stdout)
    return {**found, "seconds": 0}


def ended_by(end: signal.Signals, *args: str) -> tuple[int, str, str]:
    """The exit code and output of a process that gets a signal after some saves."""
    process = subprocess.Popen(
        [sys.executable, "-c", SAVING, *args],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    saves = (line for line in process.stderr if line == "saved\n")  # there may be lines of progress
    assert len(list(islice(saves, 10))) == 10
    process.send_signal(end)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


CHOICES = ("explore", "toy/lost-update", "--with", "threads=4", "--stop-on", "all")


@pytest.mark.parametrize(
    ("strategy", "search", "size"), [("states", LARGE, ("states", 18_564)), ("dpor", CHOICES, ("traces", 576))]
)
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_a_process_that_is_killed_or_interrupted_is_resumed(
    end: signal.Signals, strategy: str, search: tuple[str, ...], size: tuple[str, int], tmp_path: Path
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
    assert (whole[size[0]], whole["complete"]) == (size[1], strategy == "dpor")


@pytest.mark.parametrize("bound", [("--max-states", "3000"), ("--budget", "20ms"), ("--budget", "0")])
def test_a_search_whose_bound_was_hit_goes_on_when_that_is_raised(bound: tuple[str, str], tmp_path: Path) -> None:
    path = str(tmp_path / "search")
    cut = aprt(*LARGE, "--save", path, *bound)
    assert cut.exit_code == 3
    assert cut.stderr.endswith(f"aprt: what was found is in {path}: the same with --resume {path} goes on\n")
    assert answer(*LARGE, "--resume", path) == answer(*LARGE, "--strategy", "states")


def test_a_violation_is_found_again_with_its_token(tmp_path: Path) -> None:
    search = ("explore", "toy/lost-update", "--with", "threads=4", "--stop-on", "all")
    path = str(tmp_path / "search")
    assert aprt(*search, "--save", path, "--max-states", "325").exit_code == 3
    found = answer(*search, "--resume", path)
    assert found == answer(*search, "--strategy", "states")
    assert (found["verdict"], found["complete"], found["token"] is None) == ("VIOLATED", True, False)
    again = aprt(*search, "--resume", path)
    assert (again.exit_code, "goes on" in again.stderr) == (1, False)


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
    for option, file, message in (
        ("--resume", foreign, f"{foreign} is no search that aprt saved"),
        ("--resume", text, f"{text} is no search that aprt saved"),
        ("--resume", empty, f"{empty} is no search that aprt saved"),
        ("--resume", tmp_path / "none", f"cannot use {tmp_path / 'none'}: No such file or directory"),
        ("--resume", tmp_path, f"cannot use {tmp_path}: Is a directory"),
        ("--save", "/no/where", "cannot use /no/where: No such file or directory"),
        (
            "--save",
            tmp_path,
            f"{tmp_path} exists already: --resume {tmp_path} goes on with it, --save makes a new file",
        ),
        ("--save", path, f"{path} exists already: --resume {path} goes on with it, --save makes a new file"),
    ):
        result = aprt("explore", "toy/abba", option, str(file))
        assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"aprt: {message}\n")
    assert aprt("explore", "toy/lost-update", "--resume", path).exit_code == 1


@pytest.mark.parametrize("option", ["--save", "--resume"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("toy/lost-update", "--jobs", "2"),
            "a search that is shared cannot be saved and resumed: leave out --jobs and --cluster",
        ),
        (("toy/lost-update", "--symmetry"), "a search with symmetry cannot be saved and resumed: leave out --symmetry"),
        (
            ("toy/lost-update", "toy/tidy"),
            "--schedule, --save, --resume, --certificate, --measures-matrix, --compare, --estimate: for one SCENARIO, "
            "without --shard (try 'aprt explore --help')",
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


def test_strategies_that_cannot_be_resumed_are_refused_before_a_file_is_made(tmp_path: Path) -> None:
    for strategy in ("reduced", "random", "pct:2", "portfolio"):
        result = aprt("explore", "toy/abba", "--strategy", strategy, "--save", str(tmp_path / "new"))
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == f"aprt: strategy {strategy!r} cannot be saved and resumed: take states or dpor\n"
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_saved_or_resumed(tmp_path: Path) -> None:
    path = saved(tmp_path)
    result = aprt("explore", "toy/abba", "--save", path, "--resume", path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "aprt: --save and --resume cannot be combined: what is resumed is saved where it was "
        "(try 'aprt explore --help')\n"
    )
