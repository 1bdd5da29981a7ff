"""A case: one scenario of one era with its switches set, and the reference that names it.

A reference is `ERA/NAME[+SWITCH...]`, or `NAME[+SWITCH...]` where the era is given otherwise. It is what users
type, what tokens carry and what verdicts print; parsing the text of a case gives an equal case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

import attrs

from aprt.core.errors import UserError
from aprt.core.scenario import Era, Model, Scenario, Settings
from aprt.core.suggestion import did_you_mean, similar
from aprt.core.switch import spelling

DEFAULT_ERA = "v4"
_OUT = "=out"  # what a group of flags is set to when it is taken out


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
        """The case that a user means. era: for a reference without one.

        put_in, taken_out: change what the reference says; `taken_out` may name a part of a group that is put in.

        Raises: `UserError` for an unknown era, scenario or switch, or for options that contradict each other.
        """
        path, *words = text.split("+")
        named, slash, name = path.rpartition("/")
        if slash and era is not None and era != named:
            raise UserError(f"scenario {text!r} names era {named!r}, but the era asked for is {era!r}")
        found = find_era(named if slash else era or DEFAULT_ERA, eras)
        if not slash and name in eras:
            raise UserError(f"{name} is an era: name a scenario of it (aprt scenario list --era {name})")
        if name not in found.scenarios:
            elsewhere = [other for other, kernel in eras.items() if name in kernel.scenarios]
            if not (elsewhere or slash) and (option := _option(name, eras)):
                raise UserError(f"{name} is no scenario: {option} {name} takes it")
            if elsewhere:
                like = similar(name, found.scenarios)
                hint = f"; like it here: {', '.join(like)}" if like else ""
                raise UserError(
                    f"era {found.name} has no scenario {name!r} (eras that have it: {', '.join(elsewhere)}{hint})"
                )
        scenario = found.scenario(name)
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
        name = scenario.directory or f"{era.name}/{scenario.name}"
        _named(era, words, name)
        into, out = _named(era, put_in, name), _named(era, taken_out, name)
        for switch, word in into.items():
            if switch in out:
                raise UserError(f"switch {word!r} is both put in and taken out")
        removed = {name: word for name, word in _members(era, out.values()) if name in out or name not in into}
        kept = [word for name, word in _members(era, (*words, *into.values())) if name not in removed]
        rest, named = era.settings(scenario, kept), {name for name, _ in _members(era, words)}
        # what is out once the word that put it in is gone need not be taken out, and a fix must not
        undone = {name for name, word in removed.items() if name in named and rest[name] == era.parse(word)[0].without}
        return cls(
            era, scenario, era.settings(scenario, kept, (w for name, w in removed.items() if name not in undone))
        )

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
        for group, members in self.era.groups.items():
            for end in ("", _OUT):
                these = {member + end for member in members}
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


def scenarios(era: Era) -> list[Scenario]:
    """The era's scenarios by name, `h2` before `h10`."""
    return sorted(era.scenarios.values(), key=lambda scenario: natural(scenario.name))


def listed(eras: Iterable[Era], words: Iterable[str] = (), property: str | None = None) -> list[tuple[Era, Scenario]]:
    """The scenarios of these eras that have all words in their name or title, and check a property by themselves.

    Upper and lower case are alike. Raises: `UserError` when there is none.
    """
    wanted = [word.casefold() for word in words]
    found = [
        (era, scenario)
        for era in eras
        for scenario in scenarios(era)
        if all(word in f"{scenario.name} {scenario.title}".casefold() for word in wanted)
        and (property is None or property.casefold() in map(str.casefold, scenario.properties))
    ]
    if not found:
        asked = [*(f"has {word!r} in its name or title" for word in words)]
        asked += [f"checks {property} without being asked"] if property is not None else []
        hint = f"aprt property show {property}" if property is not None else "aprt scenario list shows all"
        raise UserError(f"no scenario {' and '.join(asked)} ({hint})")
    return found


def natural(name: str) -> tuple[tuple[str, int], ...]:
    """Sorts names with numbers in them as people do."""
    return tuple((letters, int(digits or 0)) for letters, digits in re.findall(r"(\D*)(\d*)", name))


def matching(pattern: str, eras: Mapping[str, Era], era: str | None = None) -> list[str]:
    """The references that a pattern such as `v4/h*+vm_ref` stands for; a text without `*` or `?` is one itself.

    Raises: `UserError` when no scenario matches, or `era` is unknown.
    """
    path, plus, words = pattern.partition("+")
    if not any(letter in path for letter in "*?["):
        return [pattern]
    if era is not None:
        find_era(era, eras)
    wanted, slash, name = path.rpartition("/")
    found = [
        f"{kernel}/{scenario.name}{plus}{words}"
        for kernel in eras
        if fnmatchcase(kernel, wanted if slash else era or DEFAULT_ERA)
        for scenario in scenarios(eras[kernel])
        if fnmatchcase(scenario.name, name)
    ]
    if not found:
        raise UserError(f"no scenario matches {pattern!r} (aprt scenario list shows them)")
    return found


def check_words(
    era: Era, eras: Mapping[str, Era], put_in: Iterable[str], taken_out: Iterable[str], scenario: str | None = None
) -> None:
    """Say of a switch that the era lacks where it can be set. put_in: what a reference says, too, with `B8=out`.

    scenario: eras that have it are named, if any of them has the switch. Raises: `UserError`.
    """
    for word, out in (*((word, word.endswith(_OUT)) for word in put_in), *((word, True) for word in taken_out)):
        if era.knows(word):
            continue
        others = [other for other in eras.values() if other.knows(word)]
        word = others[0].as_written(word) if others else word
        if others:
            raise UserError(f"era {era.name} has no switch {word!r} ({_where(word, others, out, scenario)})")


def _where(word: str, having: Iterable[Era], out: bool, scenario: str | None) -> str:
    """Which of the eras that have a switch it can be set in: a fix goes out where the kernel has it, in where not."""
    name = word.partition("=")[0]
    fixes = [(era, s) for era in having for s in era.switches if s.kind == "fix" and s.called(name)]
    if not fixes:
        return f"eras that have it{_with(scenario, list(having))}"
    has, lacks = ([era for era, fix in fixes if fix.default == default] for default in ("in", "out"))
    verb, found = ("have", has) if has and (out or not lacks) else ("lack", lacks)
    entry = fixes[0][1].word
    return f"{'' if name == entry else f'{entry}; '}eras that {verb} the fix{_with(scenario, found)}"


def _with(scenario: str | None, found: list[Era]) -> str:
    """The names of these eras; if some have no such scenario, of those that have it."""
    both = [era for era in found if scenario in era.scenarios]
    few = 0 < len(both) < len(found)
    return f"{f', and {scenario}' if few else ''}: {', '.join(era.name for era in (both if few else found))}"


def find_era(name: str, eras: Mapping[str, Era]) -> Era:
    """The era of that name. Raises `UserError` with a suggestion: of a release, the era that it falls into."""
    if name in eras:
        return eras[name]
    raise UserError(f"unknown era {name!r}{_nearest(name, eras)}")


def _option(word: str, eras: Mapping[str, Era]) -> str:
    """The option that takes a word which was given in place of a scenario; empty for none."""
    if re.fullmatch(r"[PK]\d+|deadlock", word, re.IGNORECASE):
        return "--property"
    return "--with" if any(era.knows(word) for era in eras.values()) else ""


def _nearest(name: str, eras: Mapping[str, Era]) -> str:
    wanted, releases = _release(name), sorted((era for era in eras if any(_release(era))), key=_release)
    if not any(wanted) or not releases:
        return did_you_mean(name, eras, "see aprt era list")
    before = [era for era in releases if _release(era) < wanted]
    return f" (the one before it is {before[-1]!r})" if before else f" (the first release is {releases[0]!r})"


def _release(era: str) -> tuple[int, int]:
    """`6.12` as numbers; (0, 0) for an era that is no release."""
    found = re.fullmatch(r"(\d+)\.(\d+)", era)
    return (0, 0) if found is None else (int(found[1]), int(found[2]))


def _named(era: Era, words: Iterable[str], scenario: str) -> dict[str, str]:
    """The words by what they name, a switch or a group.

    Raises: `UserError` for an unknown one, and when two set one switch differently.
    """
    found: dict[str, str] = {}
    for word in words:
        group = word.removesuffix(_OUT) in era.groups
        name = word if group else era.parse(word, scenario)[0].name
        if name in found and not group and era.parse(found[name]) != era.parse(word):
            raise UserError(f"{found[name]!r} and {word!r} contradict each other: both set switch {name!r}")
        found[name] = word
    return found


def _members(era: Era, words: Iterable[str]) -> list[tuple[str, str]]:
    """The words with groups spelled out, each behind the name of its switch."""
    found: list[tuple[str, str]] = []
    for word in words:
        group = word.removesuffix(_OUT)
        end = word[len(group) :]
        members = [member + end for member in era.groups.get(group, (group,))]
        found += ((era.parse(member)[0].name, member) for member in members)
    return found
