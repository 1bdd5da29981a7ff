"""Colour for plain text. Never the only sign: whatever is painted reads the same without."""

from __future__ import annotations

import attrs

_RESET = "\x1b[0m"


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

    def _wrap(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}{_RESET}" if self.on else text
