"""How wide lines are: as a terminal has room for, and whole for other programs."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from itertools import pairwise

import pytest
from click.testing import CliRunner

from aprt.cli import known_eras
from aprt.cli.root import root
from aprt.museum.catalogue import ENTRIES
from aprt.verdict.claims import outlined
from aprt.verdict.lookup import listed
from aprt.verdict.many import Shard
from aprt.view.answers import Answers
from aprt.view.catalogue import claims_text, eras_text, scenarios_text
from aprt.view.museum_text import entries_text
from aprt.view.paint import Paint
from tests.toy import ERAS as TOYS

ERAS = known_eras()
H7 = "aprt2:v4/h7:aRZ3jq9Oxfj4oUlqAy8wkihlABC7QA"
LISTS: dict[str, Callable[[int | None], str]] = {
    "museum": lambda width: entries_text(ENTRIES, width),
    "era": lambda width: eras_text(ERAS, width),
    "scenario": lambda width: scenarios_text(listed(ERAS.values()), width),
    "property": lambda width: claims_text(outlined(ERAS), width),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_fits_a_terminal_of_80_columns_and_loses_nothing(name: str) -> None:
    narrow, whole = LISTS[name](80), LISTS[name](None)
    assert max(map(len, narrow.splitlines())) <= 80 < max(map(len, whole.splitlines()))
    assert narrow.split() == whole.split()
    assert all(one != other for one, other in pairwise(whole.splitlines()))


def on_terminal(*args: str, columns: int) -> list[str]:
    """What a command prints on a terminal of that width, without colour."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    environment["NO_COLOR"] = "1"
    command = [sys.executable, "-m", "aprt", *args]
    with subprocess.Popen(command, stdout=theirs, stderr=subprocess.DEVNULL, env=environment) as process:
        os.close(theirs)
        told = b""
        while True:
            try:
                more = os.read(ours, 4096)
            except OSError:  # nobody has the other end any more
                more = b""
            if not more:
                break
            told += more
        process.wait()
    os.close(ours)
    return told.decode().splitlines()


def test_a_command_asks_the_terminal_how_wide_it_is() -> None:
    assert on_terminal("museum", "list", columns=80) == entries_text(ENTRIES, 80).splitlines()
    assert on_terminal("museum", "list", columns=200) == entries_text(ENTRIES).splitlines()


@pytest.mark.parametrize("command", ["run v4/h3 --seed 3 --no-live --chaos", f"replay {H7}"])
def test_how_a_run_ended_is_no_wider_than_a_mail(command: str) -> None:
    told = CliRunner().invoke(root, command.split(), obj=known_eras).stdout.splitlines()
    (start,) = (number for number, line in enumerate(told) if " steps on trio, " in line)
    text = told[start : told.index("", start)]
    assert max(map(len, text)) <= 75
    assert " ".join(text).endswith("; more could follow")


def rows(lines: list[str]) -> list[list[str]]:
    """The cells of a table of steps, with no blanks left in them."""
    head = next(line for line in lines if line.startswith("step "))
    starts = [head.index(name) for name in head.split()]
    found: list[list[str]] = []
    for line in lines[lines.index(head) + 1 : lines.index("", lines.index(head))]:
        cells = ["".join(line[one:other].split()) for one, other in pairwise([*starts, None])]
        found = [*found, cells] if cells[0] else [*found[:-1], [a + b for a, b in zip(found[-1], cells, strict=True)]]
    return found


def test_a_table_of_steps_is_as_wide_as_the_terminal_or_100_letters() -> None:
    asked = ("explain", H7, "--as", "table")
    wide, narrow = on_terminal(*asked, columns=200), on_terminal(*asked, columns=80)
    piped = CliRunner().invoke(root, asked, obj=known_eras).stdout.splitlines()
    assert [max(map(len, lines)) for lines in (wide, piped, narrow)] == [126, 92, 80]
    assert len(rows(wide)) == 60
    assert rows(wide) == rows(piped) == rows(narrow)
    sixth = piped.index("6     user           vfio_ap_mdev_reset_queue     hw 05.0004.reset(ZAPQ, host)  -")
    assert piped[sixth + 1] == " " * 50 + "= 00 E"


def test_answers_to_several_scenarios_are_short_on_a_terminal_and_whole_elsewhere() -> None:
    references = ("toy/lost-update", "toy/large", "toy/tidy")
    asked = ("explore", *references, "--max-states", "200", "--format")
    data = json.loads(CliRunner().invoke(root, [*asked, "json"], obj=lambda: TOYS).stdout)
    answers = Answers(references, {one["scenario"]: one for one in data["verdicts"]}, shard=Shard(1, 1), question="")
    assert answers.text(80).splitlines()[:-2] == [
        "VIOLATED      toy/lost-update  T1",
        "INCONCLUSIVE  toy/large        stopped at --max-states",
        "HOLDS         toy/tidy",
    ]
    assert answers.text(80, Paint(True)).splitlines()[:-2] == [
        "\x1b[1;31mVIOLATED\x1b[0m      toy/lost-update  T1",
        "\x1b[1;33mINCONCLUSIVE\x1b[0m  toy/large        stopped at --max-states",
        "\x1b[1;32mHOLDS\x1b[0m         toy/tidy",
    ]
    whole = CliRunner().invoke(root, [*asked, "text"], obj=lambda: TOYS).stdout.rstrip("\n")
    assert answers.text() == answers.text(paint=Paint(True)) == whole


def test_a_short_answer_says_too_which_properties_were_never_exercised() -> None:
    told = on_terminal("explore", "v4/h3", "v4/h7", "--with", "all-measures", columns=80)
    assert told[0].split(maxsplit=2) == ["HOLDS", "v4/h3+all-measures", "never exercised: P1"]


def test_what_a_change_does_in_several_scenarios_is_as_wide_as_the_terminal() -> None:
    asked = ("explore", "v4/h3", "v4/h7", "--compare", "with=all-measures", "--max-states", "20")
    whole = "open  v4/h3  before: stopped at --max-states; after: stopped at --max-states"
    assert on_terminal(*asked, columns=80)[0] == whole
    assert on_terminal(*asked, columns=60)[:2] == [
        "open  v4/h3  before: stopped at --max-states; after: stopped",
        "             at --max-states",
    ]
