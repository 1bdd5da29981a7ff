"""Columns: an execution as kernel mails show a race, one column per context, time running down.

A row belongs to one context, so its text may run on below the columns to its right; that is how six contexts fit
into the width of a mail. Functions are those the context is suspended in (`Event.chain`), printed when they are
entered and indented by depth, helpers (`_name`) left out; under them stand the messages. When there are more
contexts than columns, those with the fewest steps share the last one and sign their rows.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

import attrs

from aprt.core.events import Event
from aprt.core.properties import Finding
from aprt.view.words import step

WIDTH = 75
_LAST = 33  # the least width of the last column
_NARROWEST, _WIDEST = 8, 36  # distance of two columns; two columns look like CPU0 and CPU1


@attrs.frozen
class _Layout:
    """Where each context's rows begin. signed: the contexts that share the last column."""

    offsets: dict[str, int]
    signed: frozenset[str]
    indent: int
    width: int

    @classmethod
    def of(cls, events: Sequence[Event], width: int) -> _Layout:
        steps = Counter(event.context for event in events)
        names = list(steps)  # in order of appearance
        room = 1 + (width - _LAST) // _NARROWEST
        alone = names
        if len(names) > room:
            busiest = {name for name, _ in steps.most_common(room - 1)}
            alone = [name for name in names if name in busiest]
        signed = [name for name in names if name not in alone]
        columns = len(alone) + bool(signed)
        stride = min(_WIDEST, (width - _LAST) // max(1, columns - 1))
        offsets = {name: i * stride for i, name in enumerate(alone)}
        offsets |= dict.fromkeys(signed, (columns - 1) * stride)
        return cls(offsets, frozenset(signed), 2 if columns <= 3 else 1, width)

    def header(self) -> Iterator[str]:
        """Names over rules where they fit side by side, else a staircase of names."""
        heads = {offset: name for name, offset in self.offsets.items() if name not in self.signed}
        if self.signed:
            heads[max(self.offsets.values())] = "others"
        starts = sorted(heads)
        if all(len(heads[a]) < b - a - 1 for a, b in pairwise(starts)):
            for line in (heads, {start: "-" * len(name) for start, name in heads.items()}):
                yield _place(line)
        else:
            for i, start in enumerate(starts):
                yield _place({**dict.fromkeys(starts[:i], "|"), start: heads[start]})

    def row(self, context: str, depth: int, text: str) -> Iterator[str]:
        """The lines of one row: less indented where it would not fit, and going on below where that is no help."""
        if context in self.signed:
            text = f"{context}: {text}"
        column = self.offsets[context]
        start = max(column, min(column + self.indent * depth, self.width - len(text)))
        for line in textwrap.wrap(text, self.width - start, subsequent_indent="    "):
            yield " " * start + line


def columns(
    events: Sequence[Event], findings: Sequence[Finding] = (), *, brief: bool = False, width: int = WIDTH
) -> list[str]:
    """The execution as lines of at most `width` letters, ending with what it violated.

    brief: of every run of one context only the functions entered, the choices and the last step.
    """
    layout = _Layout.of(events, width)
    lines = list(layout.header()) if events else ["(before the first step)"]
    before: dict[str, list[str]] = {}
    for i, event in enumerate(events):
        last = i + 1 == len(events)
        chain = [name for name in event.chain if not name.startswith("_")]
        for depth in range(_shared(before.get(event.context, ()), chain), len(chain)):
            lines += layout.row(event.context, depth, f"{chain[depth]}()")
        before[event.context] = chain
        if last or not brief or event.actor is None or events[i + 1].context != event.context:
            mark = "   <-- " + ", ".join(f.property for f in findings) if last and findings else ""
            lines += layout.row(event.context, len(chain), step(event) + mark)
    lines += [""] if findings else []
    for finding in findings:
        lines += textwrap.wrap(f"violates {finding.property}: {finding.text}", width, subsequent_indent="  ")
    return lines


def _shared(a: Sequence[str], b: Sequence[str]) -> int:
    """How many functions two call chains have in common, from the outside."""
    pairs = zip(a, b, strict=False)
    return next((i for i, (x, y) in enumerate(pairs) if x != y), min(len(a), len(b)))


def _place(texts: dict[int, str]) -> str:
    line = ""
    for start, text in sorted(texts.items()):
        line = line.ljust(start) + text
    return line
