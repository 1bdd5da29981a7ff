"""Switches: what can differ between two models of the same scenario.

A **switch** is one named thing that can differ. A *flag* (measure, fix, mutant, option) is `out` or `in` and is set by
its name; any other switch has several values, the default first, and is set by `name=value` or, when the value
says it all (`remove_unlocked`), by the value alone.

A **patch** is a flag that a user brings (`patch`). It is in only where it is named; the driver has the functions of the
patch then, in place of its own.

A **feature** is how an era's kernel is built: a switch that has one value there and cannot be set.

A **fix** is a flag of every era that has the code which it mends, `in` by default where the era's kernel has the fix.
It may be named in other words, too: by its number in the museum, or by the id of one of its commits, of which seven
digits are enough.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import attrs

from aprt.core.commits import is_commit, same_commit

Kind: TypeAlias = Literal["measure", "fix", "patch", "feature", "variant", "assumption", "mutant", "parameter"]

FLAG = ("out", "in")


@attrs.frozen
class Switch:
    """A named difference. values: the default first. about: one line, what it decides. aliases: other words for it.

    replaces: of a patch, the functions that it puts into a table of functions, by their names there. since: the first
    era that has what they use; None for all of them. built: it is asked for, if at all, while a model is built.
    """

    name: str
    kind: Kind
    values: tuple[str, ...]
    about: str
    aliases: tuple[str, ...] = ()
    replaces: tuple[tuple[str, Callable[..., Any]], ...] = ()
    since: str | None = None
    built: bool = False

    @property
    def flag(self) -> bool:
        return set(self.values) == set(FLAG)

    @property
    def default(self) -> str:
        return self.values[0]

    @property
    def word(self) -> str:
        """What verdicts and references call it: its number in the museum, if it has one, else its name."""
        return next((alias for alias in self.aliases if re.fullmatch(r"B\d+", alias)), self.name)

    @property
    def without(self) -> str:
        """What it is set to when a user takes it out."""
        return "out" if self.flag else self.default

    @property
    def commits(self) -> tuple[str, ...]:
        return tuple(alias for alias in self.aliases if is_commit(alias))

    def called(self, word: str) -> bool:
        """Whether a word names it."""
        if word == self.name or word in self.aliases:
            return True
        return is_commit(word) and any(same_commit(word, id) for id in self.commits)


def patch(about: str, *, since: str | None = None, **functions: Callable[..., Any]) -> Switch:
    """A patch, for a file of one's own: in place of the driver's functions of these names, it has others.

    about: one line. since: the first era that it is written for; None for all. functions: behaviours with the
    parameters of those they replace (`aprt.vfio_ap.host.ops`).
    """
    return Switch("patch", "patch", FLAG, about, replaces=tuple(functions.items()), since=since)


def spelling(switch: Switch, value: str) -> str:
    """How a user sets `switch` to `value`: the name of a flag, a telling value, or `name=value`."""
    if switch.flag and value == "in":
        return switch.word
    return value if "_" in value else f"{switch.word}={value}"


def words_for(switch: Switch) -> tuple[str, ...]:
    """Every word that sets a switch, groups aside."""
    if switch.flag:
        return switch.name, *switch.aliases
    return tuple(spelling(switch, value) for value in switch.values)
