"""Frames on a terminal: whatever was shown before, the terminal shows the last one, and little is written for it."""

from __future__ import annotations

import re
from io import StringIO

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style

from aprt.view.screen import Screen
from aprt.view.tables.drawing import Lines, Ready

WIDTH, HEIGHT = 6, 5
BOLD_RED = Style.parse("bold red")


class Terminal(StringIO):
    """What an 80s terminal makes of what is written to it. lines: all that was ever on it, the screen being the end."""

    def __init__(self) -> None:
        super().__init__()
        self.lines = [""]
        self.row = self.column = 0
        self.cursor = True

    def write(self, text: str) -> int:
        for token in re.findall(r"\x1b\[\??\d*(?:;\d+)*[a-zA-Z]|.", text, re.DOTALL):
            self._take(token)
        return super().write(text)

    def _take(self, token: str) -> None:
        if match := re.fullmatch(r"\x1b\[(\d+)A", token):
            self.row = max(len(self.lines) - HEIGHT, self.row - int(match[1]), 0)
        elif token == "\x1b[J":
            self.lines[self.row :] = [self.lines[self.row][: self.column]]
        elif token == "\x1b[H":
            self.row, self.column = max(0, len(self.lines) - HEIGHT), 0
        elif token in ("\x1b[?25l", "\x1b[?25h"):
            self.cursor = token.endswith("h")
        elif token == "\r":
            self.column = 0
        elif token == "\n":
            self.row, self.column = self.row + 1, 0
            self.lines += [""] * (self.row + 1 - len(self.lines))
        elif not token.startswith("\x1b"):
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[: self.column] + token + line[self.column + 1 :]
            self.column += 1


def console(terminal: Terminal, **more: object) -> Console:
    options = {"width": WIDTH, "height": HEIGHT, "force_terminal": True, "color_system": "standard"}
    return Console(file=terminal, **(options | more))  # type: ignore[arg-type]


def frame(*lines: str) -> Ready:
    drawn: Lines = [[Segment(line.ljust(WIDTH))] for line in lines]
    return Ready(drawn)


texts = st.text("abc", max_size=WIDTH)


@given(st.lists(st.lists(texts, min_size=1, max_size=HEIGHT), min_size=1, max_size=6), st.lists(texts, min_size=1))
def test_the_terminal_shows_the_last_frame_below_what_was_there(frames: list[list[str]], last: list[str]) -> None:
    terminal = Terminal()
    terminal.write("before\n")
    screen = Screen(console(terminal))
    for lines in frames:
        screen.show(frame(*lines))
        assert [line.rstrip() for line in terminal.lines[1:]] == lines
        assert (terminal.row, terminal.column, terminal.cursor) == (len(lines), 0, False)
    screen.finish(frame(*last))
    assert [line.rstrip() for line in terminal.lines] == ["before", *last, ""]
    assert terminal.cursor


def test_only_lines_that_changed_are_written() -> None:
    terminal = Terminal()
    screen = Screen(console(terminal))
    screen.show(frame("a", "b", "c"))
    written = len(terminal.getvalue())
    screen.show(frame("a", "x", "c"))
    assert terminal.getvalue()[written:] == "\x1b[2A\r\nx     \n\r"


def test_a_terminal_of_another_size_is_drawn_anew_from_the_top() -> None:
    terminal = Terminal()
    paper = console(terminal)
    screen = Screen(paper)
    screen.show(frame("a", "b"))
    paper.size = (WIDTH + 1, HEIGHT)  # type: ignore[assignment]
    written = len(terminal.getvalue())
    screen.show(frame("a", "b"))
    assert terminal.getvalue()[written:] == "\x1b[H\x1b[Ja     \nb     \r"


def test_a_screen_that_is_left_early_keeps_its_frame_and_shows_the_cursor() -> None:
    terminal = Terminal()
    screen = Screen(console(terminal))
    screen.leave()
    assert terminal.getvalue() == ""
    screen.show(frame("a", "b"))
    screen.leave()
    assert [line.rstrip() for line in terminal.lines] == ["a", "b", ""]
    assert terminal.cursor


def test_styles_are_written_as_far_as_the_terminal_is_to_have_them() -> None:
    for options, written in (
        ({}, "\x1b[1;31mred\x1b[0m\n"),
        ({"no_color": True}, "\x1b[1mred\x1b[0m\n"),
        ({"color_system": None}, "red\n"),
    ):
        terminal = Terminal()
        Screen(console(terminal, **options)).finish(Ready([[Segment("red", BOLD_RED)]]))
        assert terminal.getvalue() == f"{written}\x1b[?25h"
