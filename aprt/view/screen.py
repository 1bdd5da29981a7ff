"""The screen: frames on a terminal, one over the other, writing only the lines that changed.

A terminal is slow, more so behind ssh, and a full redraw flickers. Lines of segments that were not made anew are
the same objects, so it costs next to nothing to find those that are.
"""

from __future__ import annotations

from rich.console import COLOR_SYSTEMS, Console
from rich.segment import Segment
from rich.style import Style

from aprt.view.tables.drawing import Lines, Ready

_HIDE, _SHOW = "\x1b[?25l", "\x1b[?25h"
_HOME, _CLEAR = "\x1b[H", "\x1b[J"  # to the upper left; from here to the end of the screen


class Screen:
    """Frames on `console`. The cursor stays at the beginning of the last line of a frame, out of sight."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lines: Lines = []
        self._size = console.size

    def show(self, frame: Ready) -> None:
        """Replace the frame that is on the screen. It must not be higher than the screen."""
        text = "" if self._lines else _HIDE
        if self._lines and self._size != self._console.size:
            # the terminal has moved the lines in its own way
            text, self._lines = f"{_HOME}{_CLEAR}", []
        self._size = self._console.size
        if len(frame.lines) < len(self._lines):
            text += self._up(len(self._lines) - 1) + _CLEAR
            self._lines = []
        row = max(0, len(self._lines) - 1)
        text += self._up(row)
        self._write(text + self._changes(frame.lines))
        self._lines = frame.lines

    def finish(self, frame: Ready) -> None:
        """Replace the frame by the last one, and leave."""
        text = self._up(len(self._lines) - 1) + _CLEAR if self._lines else ""
        self._write(text + "".join(f"{self._drawn(line)}\n" for line in frame.lines) + _SHOW)
        self._lines = []

    def leave(self) -> None:
        """Leave the last frame where it is."""
        if self._lines:
            self._write(f"\n{_SHOW}")
            self._lines = []

    def _changes(self, lines: Lines) -> str:
        """From the first line of the frame on, to the beginning of its last one."""
        parts = []
        for i, line in enumerate(lines):
            if i >= len(self._lines) or line != self._lines[i]:
                parts.append(self._drawn(line))
            parts.append("\n" if i + 1 < len(lines) else "\r")
        return "".join(parts)

    def _drawn(self, line: list[Segment]) -> str:
        return "".join(text if style is None else self._styled(text, style) for text, style, _ in line)

    def _styled(self, text: str, style: Style) -> str:
        name = self._console.color_system
        colours = None if name is None else COLOR_SYSTEMS[name]
        return (style.without_color if self._console.no_color else style).render(text, color_system=colours)

    def _up(self, lines: int) -> str:
        return f"\x1b[{lines}A\r" if lines > 0 else ""

    def _write(self, text: str) -> None:
        self._console.file.write(text)
        self._console.file.flush()
