"""Columns: an execution as kernel mails show a race, one column per context, time running down.

A row belongs to one context, so its text may run on below the columns to its right; that is how six contexts fit into
the width of a mail. Functions are those that the context is suspended in (`core.chain`), printed when they are entered
and indented by depth. Under them stand the messages; taking and giving a lock is spelled as in the kernel. Where
another context goes on, a row says which locks this one holds. A column begins as far to the right as its longest row
lets it; a row that is too long goes on below, indented a little more. Rows that repeat stand there once. When there are
more contexts than columns, those with the fewest steps share the last one, and each of their rows names its context.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

import attrs

from aprt.core.chain import without_helpers
from aprt.core.events import Event
from aprt.core.finding import Finding
from aprt.core.lock_misuse import before_misuse
from aprt.core.notes import Took
from aprt.view.words import again, in_c

WIDTH: Final = 75
_NARROWEST, _WIDEST = 8, 36  # distance of two columns; two columns look like CPU0 and CPU1
_LAST: Final = 33  # the least width of the last column
_TEXT: Final = 24  # what an indentation leaves of a column at least
_HANGING: Final = 4
_PERIODS: Final = range(1, 5)  # rows that may come again and again
_OFTEN: Final = 3  # times, from which on they are told once
_SEAM: Final = "\0"


@attrs.frozen
class _Row:
    """One thing that a context does."""

    context: str
    depth: int
    text: str
    mark: str = ""  # what it breaks


@attrs.frozen
class _Layout:
    """Where each context's rows begin."""

    offsets: Mapping[str, int]
    signed: frozenset[str]  # the contexts that share the last column
    indent: int
    width: int

    @classmethod
    def of(cls, rows: Sequence[_Row], width: int) -> _Layout:
        names = list(dict.fromkeys(row.context for row in rows))  # in order of appearance
        signed = _crowd(rows, names, 1 + (width - _LAST) // _NARROWEST)
        columns = [[name] for name in names if name not in signed] + ([sorted(signed)] if signed else [])
        indent = 2 if len(columns) <= 3 else 1
        places = {name: i for i, column in enumerate(columns) for name in column}
        needs = [0] * len(columns)
        for row in rows:
            place, deep = places[row.context], indent * row.depth
            sign = len(row.context) + 2 if row.context in signed else 0
            most = width - place * _NARROWEST
            # a row that is wrapped anyway does not push its column to the left
            need = deep + sign + len(row.text) if deep + sign + len(row.text) <= most else min(most, deep + _TEXT)
            needs[place] = max(needs[place], need)
        starts = _starts(needs, width)
        return cls({name: starts[place] for name, place in places.items()}, signed, indent, width)

    def header(self) -> Iterator[str]:
        """Names over rules where they fit side by side, else a staircase of names."""
        heads = {offset: name for name, offset in self.offsets.items() if name not in self.signed}
        if self.signed:
            heads[max(self.offsets.values())] = "others"
        starts = sorted(heads)
        if all(len(heads[a]) < b - a - 1 for a, b in pairwise(starts)):
            for line in (heads, {start: _rule(name) for start, name in heads.items()}):
                yield _place(line)
        else:
            for i, start in enumerate(starts):
                yield _place({**dict.fromkeys(starts[:i], "|"), start: heads[start]})

    def lines(self, row: _Row) -> Iterator[str]:
        """The lines of one row; its mark stands beside the text, or below where that does not fit."""
        text = f"{row.context}: {row.text}" if row.context in self.signed else row.text
        column = self.offsets[row.context]
        start = min(column + self.indent * row.depth, self.width - min(len(text), _TEXT))
        lines = _wrapped(text, self.width - start)
        if row.mark and len(lines[-1]) + 3 + len(row.mark) <= self.width - start:
            lines[-1] += f"   {row.mark}"
        elif row.mark:
            lines += textwrap.wrap(row.mark, self.width - start, initial_indent="  ", subsequent_indent="      ")
        return (" " * start + line for line in lines)


def columns(
    events: Sequence[Event],
    findings: Sequence[Finding] = (),
    *,
    brief: bool = False,
    ended: bool = False,
    width: int = WIDTH,
) -> list[str]:
    """The execution as lines of at most `width` letters. Each step that breaks something is marked; what is broken, and
    the locks held then, stand below.

    brief: of every run of one context only the functions entered, the choices, what is marked and the last step. Where
    the last step of all misuses a lock, also the one that took or gave back that lock before (`core.lock_misuse`).
    ended: the execution has come to its end, so that the last step is marked as being at the end.
    """
    rows = list(_folded(list(_rows(events, findings, brief, ended))))
    layout = _Layout.of(rows, width)
    lines = list(layout.header()) if rows else ["(before the first step)"]
    lines += [line for row in rows for line in layout.lines(row)]
    below = list(_below(events, findings)) if findings else []
    lines += [""] if below else []
    return lines + [line for text in below for line in _indented(text, width)]


def _rows(events: Sequence[Event], findings: Sequence[Finding], brief: bool, ended: bool) -> Iterator[_Row]:
    before: dict[str, list[str]] = {}
    handed = before_misuse(events, events[-1]) if events else None
    for i, event in enumerate(events):
        leaves = i + 1 == len(events) or events[i + 1].context != event.context
        chain = without_helpers(event.chain)
        for depth in range(_shared(before.get(event.context, ()), chain), len(chain)):
            yield _Row(event.context, depth, f"{chain[depth]}()")
        before[event.context] = chain
        broken = [finding.property for finding in findings if len(finding.schedule) == i + 1]
        if leaves or broken or not brief or event.actor is None or event is handed:
            end = ", at the end" if ended and i + 1 == len(events) else ""
            yield _Row(event.context, len(chain), in_c(event), f"<-- {', '.join(broken)}{end}" if broken else "")
        held = event.caller.after(event.notes).held
        taken = sum(isinstance(note, Took) for note in event.notes)  # which the row above has told
        if len(held) > taken and leaves and i + 1 < len(events):
            yield _Row(event.context, len(chain), f"[holds {', '.join(hold.lock for hold in held)}]")


def _folded(rows: Sequence[_Row]) -> Iterator[_Row]:
    """The rows; those that one context repeats stand there once, with how often they come again."""
    here = 0
    while here < len(rows):
        size, times = next(((n, times) for n in _PERIODS if (times := _times(rows, here, n)) >= _OFTEN), (1, 1))
        yield from rows[here : here + size]
        if times > 1:
            least = min(rows[here : here + size], key=lambda row: row.depth)
            what = "" if size == 1 else f"these {size} lines "
            yield attrs.evolve(least, text=f"[{what}{times - 1} more times]")
        here += size * times


def _times(rows: Sequence[_Row], here: int, size: int) -> int:
    """How often the next `size` rows, all of one context, come in a row."""
    block, times = rows[here : here + size], 1
    if any(row.context != block[0].context or row.mark for row in block):
        return 1
    while rows[here + times * size : here + (times + 1) * size] == block:
        times += 1
    return times


def _below(events: Sequence[Event], findings: Sequence[Finding]) -> Iterator[str]:
    """What is broken; for a cycle of locks, who makes it; and which locks are held then."""
    for finding in findings:
        yield f"violates {finding.property}: {finding.text}"
        yield from (f"  {part.text}" for part in finding.parts)
    yield from (again(finding.loop) for finding in findings if finding.loop)
    held = _held(events)
    if held:
        yield f"locks held then: {'; '.join(held)}"


def _indented(text: str, width: int) -> list[str]:
    first = text[: len(text) - len(text.lstrip())]
    return textwrap.wrap(text.lstrip(), width, initial_indent=first, subsequent_indent=f"{first}  ")


def _held(events: Sequence[Event]) -> list[str]:
    """Who holds which locks after the last step."""
    last = {event.context: event.caller.after(event.notes) for event in events}
    return [f"{', '.join(h.lock for h in caller.held)} by {name}" for name, caller in last.items() if caller.held]


def _crowd(rows: Sequence[_Row], names: Sequence[str], room: int) -> frozenset[str]:
    """The contexts that get no column of their own, as only `room` have one."""
    if len(names) <= room:
        return frozenset()
    busiest = {name for name, _ in Counter(row.context for row in rows).most_common(room - 1)}
    return frozenset(names) - busiest


def _starts(needs: Sequence[int], width: int) -> list[int]:
    """Where columns begin whose longest rows have these lengths: evenly, unless a row would not fit."""
    stride = min(_WIDEST, (width - _LAST) // max(1, len(needs) - 1))
    starts: list[int] = []
    for i in reversed(range(len(needs))):
        beside = starts[0] - _NARROWEST if starts else width
        # never so far to the left that the columns before it have no room
        starts.insert(0, max(i * _NARROWEST, min(i * stride, beside, width - needs[i])))
    return starts


def _wrapped(text: str, width: int) -> list[str]:
    wrapper = textwrap.TextWrapper(width, subsequent_indent=" " * _HANGING, break_on_hyphens=False)
    lines = wrapper.wrap(text)
    if sum(len(line.split()) for line in lines) == len(text.split()):
        return lines
    # a name does not fit into a line: break it behind a bracket
    lines = wrapper.wrap(text.replace("(", f"({_SEAM} "))
    return [line.replace(f"{_SEAM} ", "").removesuffix(_SEAM) for line in lines]


def _shared(a: Sequence[str], b: Sequence[str]) -> int:
    """How many functions two call chains have in common, from the outside."""
    pairs = zip(a, b, strict=False)
    return next((i for i, (x, y) in enumerate(pairs) if x != y), min(len(a), len(b)))


def _rule(name: str) -> str:
    """The rule below a name; never of three dashes, which git takes for the end of a commit message."""
    return "-" * (len(name) if len(name) != 3 else 4)


def _place(texts: Mapping[int, str]) -> str:
    line = ""
    for start, text in sorted(texts.items()):
        line = line.ljust(start) + text
    return line
