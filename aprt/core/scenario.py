"""Scenarios and switches: how a name such as `v4/kill-qemu+vm_ref` becomes a system with its properties.

A **switch** is one named thing that can differ. A *flag* (measure, mutant, option) is `out` or `in` and is set by
its name; any other switch has several values, the default first, and is set by `name=value` or, when the value
says it all (`remove_unlocked`), by the value alone.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, TypeAlias

import attrs

from aprt.core.errors import ModelError, UserError
from aprt.core.properties import Property
from aprt.core.system import System

Kind: TypeAlias = Literal["measure", "variant", "assumption", "mutant", "parameter"]

FLAG = ("out", "in")


@attrs.frozen
class Switch:
    """A named difference. values: the default first. about: one line, what it decides."""

    name: str
    kind: Kind
    values: tuple[str, ...]
    about: str

    @property
    def flag(self) -> bool:
        return self.values == FLAG


@attrs.frozen
class Settings:
    """The value of every switch of an era; those not named have their default."""

    switches: tuple[Switch, ...]
    chosen: tuple[tuple[str, str], ...] = ()  # sorted, only what differs from the default

    def __getitem__(self, name: str) -> str:
        for key, value in self.chosen:
            if key == name:
                return value
        return self._switch(name).values[0]

    def on(self, name: str) -> bool:
        """Whether the flag of that name is in."""
        return self[name] == "in"

    def set(self, name: str, value: str) -> Settings:
        """These settings with one switch changed."""
        if value not in self._switch(name).values:
            raise ModelError(f"switch {name} has no value {value!r}")
        chosen = dict(self.chosen) | {name: value}
        if value == self._switch(name).values[0]:
            del chosen[name]
        return attrs.evolve(self, chosen=tuple(sorted(chosen.items())))

    def names(self, *kinds: Kind) -> tuple[str, ...]:
        """What differs from the default, as a user would write it; of all kinds when none is named."""
        wanted = [(self._switch(name), value) for name, value in self.chosen]
        return tuple(spelling(s, value) for s, value in wanted if not kinds or s.kind in kinds)

    def _switch(self, name: str) -> Switch:
        for switch in self.switches:
            if switch.name == name:
                return switch
        raise ModelError(f"no switch is called {name!r}")


def spelling(switch: Switch, value: str) -> str:
    """How a user sets `switch` to `value`: the name of a flag, a telling value, or `name=value`."""
    if switch.flag:
        return switch.name
    return value if "_" in value else f"{switch.name}={value}"


@attrs.frozen(eq=False)
class Model:
    """A scenario with its switches set: what a driver runs and checks.

    properties: all that can be checked on it, by number. scope: what is bounded and how, one line each.
    assumptions: (name, value) in force.
    """

    system: System
    properties: tuple[Property, ...]
    scope: tuple[str, ...]
    assumptions: tuple[tuple[str, str], ...]

    def select(self, ids: Iterable[str]) -> tuple[Property, ...]:
        """The properties with these numbers, in the model's order. Raises `UserError` for an unknown one."""
        wanted, known = list(ids), [p.id for p in self.properties]
        for id in wanted:
            if id not in known:
                raise UserError(f"unknown property {id!r}{did_you_mean(id, known, 'see aprt property list')}")
        return tuple(p for p in self.properties if p.id in wanted)


@attrs.frozen(eq=False)
class Scenario:
    """A situation to explore. `build` makes a fresh model for the given settings.

    title: one line. story: at most three lines, what races with what. properties: checked by default.
    preset: switches that the scenario sets by itself, as a user would write them.
    directory: where it was read from, for one that is no part of its era; what users call it by then.
    """

    name: str
    title: str
    story: str
    properties: tuple[str, ...]
    build: Callable[[Settings], Model]
    preset: tuple[str, ...] = ()
    directory: str | None = None


@attrs.frozen(eq=False)
class Era:
    """A kernel that the model follows: its scenarios, and the switches that apply to it.

    groups: names that stand for several switches (`all-measures`).
    """

    name: str
    title: str
    switches: tuple[Switch, ...]
    scenarios: Mapping[str, Scenario]
    groups: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)

    def scenario(self, name: str) -> Scenario:
        """The scenario of that name. Raises `UserError` with a suggestion."""
        if name not in self.scenarios:
            hint = did_you_mean(name, self.scenarios, "see aprt scenario list")
            raise UserError(f"unknown scenario {name!r}{hint}")
        return self.scenarios[name]

    def settings(self, scenario: Scenario, put_in: Iterable[str] = (), taken_out: Iterable[str] = ()) -> Settings:
        """The defaults, the scenario's preset, then `put_in`, then `taken_out`.

        Raises: `UserError` for an unknown name, or one that is both put in and taken out.
        """
        into, out = self._expand(put_in), self._expand(taken_out)
        for word in into:
            if word in out:
                raise UserError(f"switch {word!r} is both put in and taken out")
        settings = Settings(self.switches)
        for word in (*scenario.preset, *into):
            settings = settings.set(*self._parse(word))
        for word in out:
            name, _ = self._parse(word)
            settings = settings.set(name, next(s for s in self.switches if s.name == name).values[0])
        return settings

    def words(self) -> tuple[str, ...]:
        """Every word that sets a switch, groups included."""
        spelled = [spelling(s, v) for s in self.switches for v in (s.values[1:] if s.flag else s.values)]
        return (*self.groups, *spelled)

    def _expand(self, words: Iterable[str]) -> list[str]:
        return [name for word in words for name in self.groups.get(word, (word,))]

    def _parse(self, word: str) -> tuple[str, str]:
        for switch in self.switches:
            for value in switch.values:
                if word == f"{switch.name}={value}" or (
                    spelling(switch, value) == word and not (switch.flag and value == "out")
                ):
                    return switch.name, value
        raise UserError(f"unknown switch {word!r}{did_you_mean(word, self.words(), 'see aprt scenario show')}")


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """The end of an error line: ` (did you mean 'x'?)`, or what there is when nothing is close.

    otherwise: said when nothing is close and there is too much to name it all.
    """
    known = list(known)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    if close:
        return f" (did you mean {close[0]!r}?)"
    if len(known) > 12:
        return f" ({otherwise})" if otherwise else ""
    return f" (known: {', '.join(known)})"
