"""Scenarios and eras: how a name such as `v4/kill-qemu+vm_ref` becomes a system with its properties."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, TypeVar, cast, get_type_hints

import attrs

from aprt.core.commits import is_commit, same_commit
from aprt.core.documented_order import DocumentedOrder
from aprt.core.errors import ModelError, UnknownProperty, UnknownSwitch, UserError
from aprt.core.properties import Property
from aprt.core.replacing import fitting
from aprt.core.suggestion import did_you_mean
from aprt.core.switch import FLAG, Kind, Switch, spelling, words_for
from aprt.core.system import System

T = TypeVar("T")


@attrs.frozen
class Settings:
    """The value of every switch of an era; those not named have their default."""

    switches: tuple[Switch, ...]
    chosen: tuple[tuple[str, str], ...] = ()  # sorted, only what differs from the default

    def __getitem__(self, name: str) -> str:
        """The value of a switch, by its name or an alias."""
        if name not in self._values:
            raise self._unknown(name)
        return self._values[name]

    def on(self, name: str) -> bool:
        """Whether the flag of that name, or alias, is in."""
        return self[name] == "in"

    def set(self, name: str, value: str) -> Settings:
        """These settings with one switch changed."""
        switch = self._switch(name)
        if value not in switch.values:
            raise ModelError(f"switch {name} has no value {value!r}")
        chosen = dict(self.chosen) | {switch.name: value}
        if value == switch.default:
            del chosen[switch.name]
        return attrs.evolve(self, chosen=tuple(sorted(chosen.items())))

    def names(self, *kinds: Kind) -> tuple[str, ...]:
        """What was put in or changed, as a user would write it; of all kinds when none is named."""
        wanted = [(self._switch(name), value) for name, value in self.chosen]
        kept = [(s, value) for s, value in wanted if not (s.flag and value == "out")]
        return tuple(spelling(s, value) for s, value in kept if not kinds or s.kind in kinds)

    @property
    def without(self) -> tuple[str, ...]:
        """The flags that are in by default and were taken out."""
        switches = (self._switch(name) for name, value in self.chosen if value == "out")
        return tuple(switch.word for switch in switches if switch.flag)

    def patched(self, table: T) -> T:
        """A table of functions, a frozen record, with those in it that the patches in force replace.

        Raises: `UserError` for a function that the table does not have, that two patches replace, or that does not fit.
        """
        known = [field.name for field in attrs.fields(type(cast(Any, table)))]
        hints = get_type_hints(type(table)) if any(switch.replaces for switch in self.switches) else {}
        changes: dict[str, Callable[..., Any]] = {}
        for switch in self.switches:
            for name, function in switch.replaces if switch.replaces and self.on(switch.name) else ():
                if name not in known:
                    hint = did_you_mean(name, known, "see aprt era show ERA --functions")
                    raise UserError(f"{switch.name} replaces {name!r}, which the driver does not have{hint}")
                if name in changes:
                    raise UserError(f"two patches replace {name!r}; {switch.name} is the second")
                changes[name] = fitting(function, hints[name], f"{switch.name}: {name}")
        changed: T = attrs.evolve(cast(Any, table), **changes)
        return changed

    @cached_property
    def _values(self) -> dict[str, str]:
        """By name and by alias: to build a model asks for hundreds."""
        chosen = dict(self.chosen)
        values = ((switch, chosen.get(switch.name, switch.default)) for switch in reversed(self.switches))
        return {word: value for switch, value in values for word in (switch.name, *switch.aliases)}

    def _switch(self, name: str) -> Switch:
        for switch in self.switches:
            if name == switch.name or name in switch.aliases:
                return switch
        raise self._unknown(name)

    def _unknown(self, name: str) -> ModelError:
        return UnknownSwitch(name)


@attrs.frozen(eq=False)
class Model:
    """A scenario with its switches set: what a driver runs and checks.

    properties: all that can be checked on it, by number. scope: what is bounded and how, one line each.
    assumptions: (name, value) in force. needed: (property, name of an assumption) where the property is known to fail
    under another value.
    """

    system: System
    properties: tuple[Property, ...]
    scope: tuple[str, ...]
    assumptions: tuple[tuple[str, str], ...]
    needed: tuple[tuple[str, str], ...] = ()

    def select(self, ids: Iterable[str]) -> tuple[Property, ...]:
        """The properties with these numbers (`P1` or `p1`), in the model's order.

        Raises: `UnknownProperty`.
        """
        wanted, known = list(ids), [p.id for p in self.properties]
        spelled = {id.casefold(): id for id in known} | {id: id for id in known}
        for id in wanted:
            if id not in spelled and id.casefold() not in spelled:
                raise UnknownProperty(id, did_you_mean(id, known, "see aprt property list"))
        chosen = {spelled.get(id, spelled.get(id.casefold())) for id in wanted}
        return tuple(p for p in self.properties if p.id in chosen)

    def with_implied(self, asked: Iterable[Property]) -> tuple[Property, ...]:
        """These properties and those that are implied (`Property.implied`), in the model's order."""
        chosen = {property.id for property in asked}
        return tuple(p for p in self.properties if p.id in chosen or p.implied)


@attrs.frozen(eq=False)
class Scenario:
    """A situation to explore. `build` makes a fresh model for the given settings.

    title: one line. story: at most three lines, what races with what. properties: checked by default.
    preset: switches that the scenario sets by itself, as a user would write them.
    directory: where it was read from, if it is no part of its era; users call it by that then.
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

    groups: names that stand for several switches (`all-measures`). lock_order: what its kernel documents.
    lock_names: what its kernel calls the lock classes that have another name there. functions: those of its driver that
    a patch can replace, by the keyword that `patch` takes for each. not_modelled: what its machines have and the model
    has not, besides what is left out of every model.
    """

    name: str
    title: str
    switches: tuple[Switch, ...]
    scenarios: Mapping[str, Scenario]
    groups: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)
    lock_order: DocumentedOrder = DocumentedOrder(())
    lock_names: Mapping[str, str] = attrs.field(factory=dict)
    functions: Mapping[str, Callable[..., Any]] = attrs.field(factory=dict)
    not_modelled: tuple[str, ...] = ()

    def spelled(self, lock_class: str) -> str:
        """A lock class as the kernel spells it: `&kvm->lock` for `kvm_lock`."""
        return self.lock_names.get(lock_class, lock_class)

    def scenario(self, name: str) -> Scenario:
        """The scenario of that name. Raises `UserError` with a suggestion."""
        if name not in self.scenarios:
            hint = did_you_mean(name, self.scenarios, "see aprt scenario list")
            raise UserError(f"unknown scenario {name!r}{hint}")
        return self.scenarios[name]

    def settings(self, scenario: Scenario, put_in: Iterable[str] = (), taken_out: Iterable[str] = ()) -> Settings:
        """The defaults, the scenario's preset, then `put_in`, then `taken_out`.

        Raises: `UserError` for an unknown name, one that is both put in and taken out, a fix to be put in that is in
        by default, or one to be taken out that is not.
        """
        into, out = ([self.parse(word) for word in self._expand(words)] for words in (put_in, taken_out))
        for switch, _ in into:
            if any(switch == other for other, _ in out):
                raise UserError(f"switch {switch.name!r} is both put in and taken out")
        settings = Settings(self.switches)
        for switch, value in map(self.parse, scenario.preset):
            settings = settings.set(switch.name, value)
        for switch, value in (*into, *((switch, switch.without) for switch, _ in out)):
            self._check_fix(switch, value, settings)
            settings = settings.set(switch.name, value)
        return settings

    def parse(self, word: str, scenario: str = "") -> tuple[Switch, str]:
        """The switch that a word sets, in upper or lower case, and to what. scenario: where it was named for one.

        Raises: `UserError` with a suggestion.
        """
        word = self.as_written(word)
        name, equals, value = word.partition("=")
        named = [switch for switch in self._settable if switch.called(name)]
        if len(named) > 1:
            known = (f"{id} ({s.word})" for s in named for id in s.commits if same_commit(name, id))
            raise UserError(f"commit {name!r} is ambiguous: {', '.join(known)}")
        for switch in named:
            if value in switch.values or (switch.flag and not equals):
                return switch, value or "in"
        for switch in self._settable:
            for value in switch.values:
                if not switch.flag and spelling(switch, value) == word:
                    return switch, value
        raise UserError(self._unknown(word, name, scenario))

    def knows(self, word: str) -> bool:
        """Whether a word names a switch, or a group, of this era; what it sets that to may still be wrong."""
        word = self.as_written(word)
        name = self.as_written(word.partition("=")[0])
        return name in self.groups or any(s.called(name) or word in words_for(s) for s in self.switches)

    def as_written(self, word: str) -> str:
        """A word that sets a switch or a group as the era writes it, whatever the case of its letters: `b8` is `B8`.

        Others stay as they are, and so do patches, which are names of files.
        """
        return word if ":" in word else self._written.get(word.casefold(), word)

    @cached_property
    def _written(self) -> Mapping[str, str]:
        """By what they are without regard to case."""
        named = [(name, switch.values) for switch in self.switches for name in (switch.name, *switch.aliases)]
        named += [(group, FLAG) for group in self.groups]
        words = (*self.words(), *(word for name, values in named for word in (name, *(f"{name}={v}" for v in values))))
        return {word.casefold(): word for word in words}

    def words(self) -> tuple[str, ...]:
        """Every word that sets a switch, groups and aliases included."""
        spelled = [word for s in self._settable for word in words_for(s)]
        return (*self.groups, *spelled)

    @property
    def _settable(self) -> tuple[Switch, ...]:
        return tuple(switch for switch in self.switches if switch.kind != "feature")

    def _unknown(self, word: str, name: str, scenario: str) -> str:
        fixes = [switch for switch in self.switches if switch.kind == "fix"]
        if any(switch.kind == "feature" and switch.called(name) for switch in self.switches):
            return f"{name!r} cannot be changed: it is how the kernel of era {self.name} is built"
        if is_commit(name):
            known = [id for switch in fixes for id in switch.commits]
            return f"unknown commit {name!r} in era {self.name}{did_you_mean(name, known, 'see aprt museum list')}"
        if fixes and re.fullmatch(r"B\d+", name):
            known = sorted((switch.word for switch in fixes), key=lambda word: (len(word), word))
            return f"era {self.name} has no fix {name!r}{did_you_mean(name, known, 'see aprt museum list')}"
        hint = did_you_mean(word, self.words(), f"see aprt scenario show {scenario}".rstrip())
        return f"unknown switch {word!r}{hint}"

    def _check_fix(self, switch: Switch, value: str, settings: Settings) -> None:
        """Refuse to put a fix in, or to take it out, where that is how the era's kernel is."""
        if switch.kind != "fix" or not value == switch.default == settings[switch.name]:
            return
        if value == "in":
            raise UserError(f"era {self.name} has fix {switch.word} (--without {switch.word} takes it out)")
        raise UserError(f"era {self.name} never had fix {switch.word} (--with {switch.word} puts it in)")

    def _expand(self, words: Iterable[str]) -> list[str]:
        return [name for word in words for name in self.groups.get(self.as_written(word), (word,))]
