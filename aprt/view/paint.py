"""Colour for plain text. Never the only sign: whatever is painted reads the same without."""

from __future__ import annotations

import attrs

_RESET = "\x1b[0m"
_BAD, _GOOD = frozenset({"VIOLATED", "worse"}), frozenset({"HOLDS", "better"})


@attrs.frozen
class Paint:
    """Wraps text in ANSI colours, or leaves it alone when colour is off."""

    on: bool = False

    def bold(self, text: str) -> str:
        return self._wrap("1", text)

    def dim(self, text: str) -> str:
        return self._wrap("2", text)

    def red(self, text: str) -> str:
        return self._wrap("1;31", text)

    def green(self, text: str) -> str:
        return self._wrap("1;32", text)

    def yellow(self, text: str) -> str:
        return self._wrap("1;33", text)

    def answer(self, word: str) -> str:
        """The word of a verdict, or of what a change makes of one: red, green, or yellow for what is open."""
        return self.red(word) if word in _BAD else self.green(word) if word in _GOOD else self.yellow(word)

    def _wrap(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}{_RESET}" if self.on else text


PLAIN = Paint()
