"""What a change does in many scenarios: a line for each in which the answer is another one, and as JSON.

One object, `aprt.diffs/1`: `asked` the pairs of references in order, `counts` how many stand how, `diffs` the objects
`aprt.diff/1` of those that were searched, in that order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TypeAlias, get_args

import attrs

from aprt.core.amount import count
from aprt.explore.result import UNBOUNDED, Bounds
from aprt.verdict.difference import Standing
from aprt.view.answered import Answer, Answered
from aprt.view.commands import command_lines, quoted
from aprt.view.json_text import dump
from aprt.view.lists import table
from aprt.view.paint import PLAIN, Paint
from aprt.view.version import aprt_version

Pair: TypeAlias = tuple[str, str]

SCHEMA = "aprt.diffs/1"


@attrs.frozen
class Differences(Answered[Pair]):
    """Which pairs were to be compared, and what came out so far.

    ids: of the properties that were named. bounds: of each search.
    """

    ids: tuple[str, ...] = attrs.field(default=(), kw_only=True)
    bounds: Bounds = attrs.field(default=UNBOUNDED, kw_only=True)

    @property
    def standings(self) -> Counter[Standing]:
        return Counter(answer["standing"] for answer in self.ordered)

    def told(self, form: str, width: int | None = None, paint: Paint = PLAIN) -> str:
        """In the form `text` or `json`. width, paint: as for `text`."""
        return self.to_json() if form == "json" else self.text(width, paint)

    def text(self, width: int | None = None, paint: Paint = PLAIN) -> str:
        """The worst first; the last line is for grep. width: of a terminal; None for lines that stay whole."""
        order = get_args(Standing)
        changed = [answer for answer in self.ordered if answer["standing"] != "same"]
        changed.sort(key=lambda answer: order.index(answer["standing"]))
        rows = [(answer["standing"], _name(answer), "; ".join(_told(answer))) for answer in changed]
        lines = [table(rows, width, paint=paint.answer), ""] if rows else []
        if changed:
            sides = (quoted(changed[0][side]) for side in ("before", "after"))
            command = " ".join(["aprt diff", *sides, *self._options()])
            lines += [*command_lines("in full", command), ""]
        return "\n".join([*lines, self.summary()])

    def _options(self) -> Iterator[str]:
        """What was asked of each pair, as options of a command."""
        for id in self.ids:
            yield f"--property {quoted(id)}"
        if self.bounds.max_states is not None:
            yield f"--max-states {self.bounds.max_states}"
        if self.bounds.max_depth is not None:
            yield f"--max-depth {self.bounds.max_depth}"
        if self.bounds.budget is not None:
            yield f"--budget {self.bounds.budget:.15g}"

    def summary(self) -> str:
        found = self.standings
        counts = [f"{found[word]} {word}" for word in ("worse", "better", "otherwise", "open")]
        counts = [text for text in counts if text[0] != "0" or text.endswith(("worse", "better"))]
        counts.append(f"{'the rest' if found['same'] else 'none'} the same")
        if self.left:
            counts.append(f"{len(self.left)} not answered")
        states = sum(sum(answer["states"].values()) for answer in self.ordered)
        return f"aprt: DIFF {count(len(self.asked), 'scenario')}: {', '.join(counts)}; states={states}"

    def to_json(self) -> str:
        return dump(
            {
                "schema": SCHEMA,
                "asked": [list(pair) for pair in self.asked],
                "counts": {word: self.standings[word] for word in get_args(Standing)},
                "diffs": list(self.ordered),
                "version": aprt_version(),
            }
        )


def _name(answer: Answer) -> str:
    """The scenario, without its switches."""
    name: str = answer["before"].partition("+")[0]
    return name


def _told(answer: Answer) -> Iterator[str]:
    """What is not as it was."""
    by: dict[str, list[str]] = {}
    for outcome in answer["outcomes"]:
        by.setdefault("otherwise" if outcome["otherwise"] else outcome["change"], []).append(outcome["property"])
    heads = {
        "added": "added",
        "removed": "removed",
        "unexercised": "never exercised any more:",
        "otherwise": "violated otherwise:",
    }
    for change, head in heads.items():
        if change in by:
            hidden = (
                f", which {', '.join(answer['hiding'])} may have hidden"
                if change == "added" and answer["hiding"]
                else ""
            )
            yield f"{head} {', '.join(by[change])}{hidden}"
    for side, reason in answer["open"].items():
        if reason:
            yield f"{side}: {reason}"
