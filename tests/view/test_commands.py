"""Commands that a reader pastes: within the width of a mail, and one command to a shell."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from aprt.view.commands import command_lines, quoted


def test_what_fits_is_one_line_with_what_is_said_of_it() -> None:
    assert list(command_lines("explain", "aprt explain aprt2:a/b:xyz", "all 3 steps")) == [
        "explain     aprt explain aprt2:a/b:xyz    # all 3 steps"
    ]


def test_what_is_said_stands_below_where_it_does_not_fit() -> None:
    command = f"aprt replay {'x' * 50}"
    assert list(command_lines("reproduce", command, "all 3 steps")) == [
        f"reproduce   {command}",
        "            # all 3 steps",
    ]


def test_a_long_command_goes_on_behind_a_backslash() -> None:
    token = f"aprt2:{'x' * 60}"
    assert list(command_lines("reproduce", f"aprt replay {token} --property P1")) == [
        "reproduce   aprt replay \\",
        f"    {token} \\",
        "    --property P1",
    ]


@pytest.mark.parametrize("length", [55, 60, 61, 62, 63, 69, 70, 71, 72, 73, 75, 76, 120, 149, 150, 151])
@pytest.mark.parametrize("more", ["", " --property P31"])
def test_no_line_is_too_wide_and_a_shell_reads_one_command(length: int, more: str) -> None:
    command = f"printf %s, aprt2:{'x' * (length - 6)}{more}"
    lines = list(command_lines("reproduce", command))
    assert max(map(len, lines)) <= 75
    assert all(len(line) >= 10 for line, before in zip(lines[1:], lines, strict=False) if not before.endswith(" \\"))
    pasted = "\n".join([lines[0].removeprefix("reproduce   "), *lines[1:]])
    assert shlex.split(pasted.replace("\\\n", "")) == command.split()
    assert subprocess.run(["sh", "-c", pasted], capture_output=True, text=True, check=True).stdout == (
        ",".join([*command.split()[2:], ""])
    )


def test_a_word_that_a_shell_takes_as_it_stands_is_left_alone() -> None:
    assert (
        quoted("aprt2:2026/unbind+B6=out+demos/lock.py:V1:x-_Q.r") == "aprt2:2026/unbind+B6=out+demos/lock.py:V1:x-_Q.r"
    )


@pytest.mark.parametrize("letter", [*" \t'\"$`\\;&|<>()*?[]#~!{}", "$HOME", "`id`"])
@pytest.mark.parametrize("before", range(40, 60))
def test_a_word_with_anything_in_it_stays_one_word_wherever_a_line_ends(letter: str, before: int) -> None:
    word = f"{'x' * before} {letter * 30}{'y' * 30}"
    lines = list(command_lines("", f"printf %s {quoted(word)}"))
    assert max(map(len, lines)) <= 75
    pasted = "\n".join(lines)
    assert subprocess.run(["sh", "-c", pasted], capture_output=True, text=True, check=True).stdout == word
