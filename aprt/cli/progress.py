"""Progress on stderr: a line that is rewritten on a terminal, otherwise one every few seconds and a summary."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from aprt.core.amount import count

if TYPE_CHECKING:
    from aprt.explore.result import Progress

_EVERY = 5.0  # seconds between two lines that stay


class ProgressLine:
    """The progress of a search, for as long as a `with` block runs; a line on a terminal is wiped at its end.

    Call it with each `Progress`, or `tell` it what to show.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = sys.stderr if stream is None else stream
        self.rewrites = self.stream.isatty()
        self._written = time.monotonic()
        self._open = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._open:
            self.stream.write("\r\x1b[K")
            self.stream.flush()
            self._open = False

    def __call__(self, progress: Progress) -> None:
        if progress.read is not None:
            self.tell(f"reading back, {100 * progress.read:.0f} %")
            return
        if progress.compiling:
            self.tell("compiling the fast loop: some seconds, the first time")
            return
        runs, states = progress.executions, progress.states
        rate = (runs or states) / progress.seconds if progress.seconds else 0
        amounts = [
            *([count(runs, "run")] if runs else []),
            *([] if runs and not states else [count(states, "state")]),  # who shares runs does not count states
            count(progress.transitions, "step"),
            f"depth {progress.depth}",
            f"{progress.seconds:.0f} s ({rate:,.0f} {'runs' if runs else 'states'}/s){_left(progress)}",
        ]
        self.tell(", ".join(amounts))

    def tell(self, text: str) -> None:
        """Show how far it is, unless it was shown just now."""
        if self.rewrites:
            self.stream.write(f"\r{text}\x1b[K")
            self._open = True
        elif time.monotonic() - self._written >= _EVERY:
            self.stream.write(f"aprt: {text}\n")
            self._written = time.monotonic()
        else:
            return
        self.stream.flush()

    def sum_up(self, text: str) -> None:
        """Where there is no terminal, leave a last line that tells how the search went."""
        if not self.rewrites:
            self.stream.write(f"aprt: {text}\n")
            self.stream.flush()


def _left(progress: Progress) -> str:
    """How long it will take at the present rate, or at most, if that is beyond the budget or nobody knows."""
    eta, most = progress.eta, progress.left
    word, seconds = ("at most", most) if most is not None and (eta is None or most < eta) else ("about", eta)
    if seconds is None:
        return ""
    return f", {word} {seconds:,.0f} s left" if seconds >= 1 else ", nearly done"
