"""A case: one scenario of one era with its switches set, and the reference that names it.

A reference is `ERA/NAME[+SWITCH...]`, or `NAME[+SWITCH...]` where the era is given otherwise. It is what users
type, what tokens carry and what verdicts print; parsing the text of a case gives an equal case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from aprt.core.errors import UserError
from aprt.core.scenario import Era, Model, Scenario, Settings
from aprt.core.switch import spelling
from aprt.verdict.lookup import era_of, find_scenario
from aprt.verdict.switch_words import OUT, check_words, members, named


@attrs.frozen
class Case:
    """A scenario to look at. `str` of it is its shortest reference."""

    era: Era
    scenario: Scenario
    settings: Settings

    @classmethod
    def parse(
        cls,
        text: str,
        eras: Mapping[str, Era],
        era: str | None = None,
        put_in: Iterable[str] = (),
        taken_out: Iterable[str] = (),
    ) -> Case:
        """The case that a user means by a reference.

        era: the one to take where the reference names none. put_in, taken_out: switches to change in what the reference
        says; `taken_out` may name a part of a group that is put in.

        Raises: `UserError` for an unknown era, scenario or switch, or for options that contradict each other.
        """
        path, *words = text.split("+")
        prefix, slash, name = path.rpartition("/")
        found = era_of(text, prefix if slash else None, era, eras)
        scenario = find_scenario(name, found, eras, alone=not slash)
        check_words(found, eras, (*words, *put_in), taken_out, name)
        return cls.make(found, scenario, words, put_in, taken_out)

    @classmethod
    def make(
        cls,
        era: Era,
        scenario: Scenario,
        words: Iterable[str] = (),
        put_in: Iterable[str] = (),
        taken_out: Iterable[str] = (),
    ) -> Case:
        """The case of a scenario with the switches `words`, changed as for `parse`. Raises: `UserError`.

        A switch that is named itself counts for more than a group that it belongs to.
        """
        words, put_in, taken_out = (tuple(map(era.as_written, some)) for some in (words, put_in, taken_out))
        reference = scenario.directory or f"{era.name}/{scenario.name}"
        named(era, words, reference)
        into, out = named(era, put_in, reference), named(era, taken_out, reference)
        for switch, word in into.items():
            if switch in out:
                raise UserError(f"switch {word!r} is both put in and taken out")
        removed = {name: word for name, word in members(era, out.values()) if name in out or name not in into}
        kept = [word for name, word in members(era, (*words, *into.values())) if name not in removed]
        # to drop the word of the reference that put a switch in may be enough; a fix must not be taken out twice
        rest, own = era.settings(scenario, kept), {name for name, _ in members(era, words)}
        dropped = {name for name, word in removed.items() if name in own and rest[name] == era.parse(word)[0].without}
        still_in = (word for name, word in removed.items() if name not in dropped)
        return cls(era, scenario, era.settings(scenario, kept, still_in))

    def __str__(self) -> str:
        return self.name + "".join(f"+{word}" for word in self.words)

    @property
    def name(self) -> str:
        """The reference without switches: `ERA/NAME`, or the directory."""
        return self.scenario.directory or f"{self.era.name}/{self.scenario.name}"

    @property
    def words(self) -> tuple[str, ...]:
        """What differs from the scenario's own setting, as a user writes it; a group where one fits."""
        preset = self.era.settings(self.scenario)
        changed = {s.name: s for s in self.era.switches if self.settings[s.name] != preset[s.name]}
        words = {name: spelling(switch, self.settings[name]) for name, switch in changed.items()}
        found: list[str] = []
        for group, inside in self.era.groups.items():
            for end in ("", OUT):
                these = {member + end for member in inside}
                if these and these <= set(words.values()):
                    found.append(group + end)
                    words = {name: word for name, word in words.items() if word not in these}
        return (*found, *words.values())

    def model(self) -> Model:
        """A fresh model of this case."""
        return self.scenario.build(self.settings)

    def with_all_measures(self) -> Case:
        """This case with every measure of its era in."""
        return self.with_measures(measures(self.era))

    def with_measures(self, names: Iterable[str]) -> Case:
        """This case with exactly these measures in."""
        wanted, settings = frozenset(names), self.settings
        for name in measures(self.era):
            settings = settings.set(name, "in" if name in wanted else "out")
        return attrs.evolve(self, settings=settings)


def measures(era: Era) -> tuple[str, ...]:
    """The names of the era's measures, in its order."""
    return tuple(switch.name for switch in era.switches if switch.kind == "measure")


def changed_measures(case: Case) -> tuple[str, ...]:
    """The measures that are not as the scenario by itself has them."""
    preset = case.era.settings(case.scenario)
    return tuple(name for name in measures(case.era) if case.settings[name] != preset[name])
