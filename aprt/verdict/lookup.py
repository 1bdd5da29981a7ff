"""Eras and scenarios by what a user typed: a name, words, a pattern."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Final

from aprt.core.errors import UserError
from aprt.core.scenario import Era, Scenario
from aprt.core.suggestion import did_you_mean, similar

DEFAULT_ERA: Final = "v4"


def era_of(text: str, named: str | None, asked: str | None, eras: Mapping[str, Era]) -> Era:
    """The era of a reference: the one that it names, else the one asked for by an option, else the default.

    Raises: `UserError` when the two contradict each other, or there is no such era.
    """
    if named is not None and asked is not None and asked != named:
        raise UserError(f"scenario {text!r} names era {named!r}, but the era asked for is {asked!r}")
    return find_era(named if named is not None else asked or DEFAULT_ERA, eras)


def find_era(name: str, eras: Mapping[str, Era]) -> Era:
    """The era of that name. Raises: `UserError` with a suggestion; for a release, the era that it falls into."""
    if name in eras:
        return eras[name]
    raise UserError(f"unknown era {name!r}{_nearest(name, eras)}")


def is_nearly_era(name: str, eras: Iterable[str]) -> bool:
    """Whether this is the name of an era, or may have been meant to be one."""
    return bool(difflib.get_close_matches(name, eras, cutoff=0.5))


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


def find_scenario(name: str, era: Era, eras: Mapping[str, Era], *, alone: bool) -> Scenario:
    """The era's scenario of that name. alone: it was named without an era, so that it may have been meant for another
    option.

    Raises: `UserError`, which says where else the name means something.
    """
    only_era = name in eras if alone else not name
    if only_era:
        named = name or era.name
        raise UserError(f"{named} is an era: name a scenario of it (aprt scenario list --era {named})")
    if name in era.scenarios:
        return era.scenarios[name]
    elsewhere = [other for other, kernel in eras.items() if name in kernel.scenarios]
    if elsewhere:
        like = similar(name, era.scenarios)
        hint = f"; like it here: {', '.join(like)}" if like else ""
        raise UserError(f"era {era.name} has no scenario {name!r} (eras that have it: {', '.join(elsewhere)}{hint})")
    if alone and (option := _option(name, eras)):
        raise UserError(f"{name} is no scenario: {option} {name} takes it")
    return era.scenario(name)


def _option(word: str, eras: Mapping[str, Era]) -> str:
    """The option that takes a word which was given in place of a scenario; empty for none."""
    if re.fullmatch(r"[PK]\d+|deadlock", word, re.IGNORECASE):
        return "--property"
    return "--with" if any(era.knows(word) for era in eras.values()) else ""


def scenarios(era: Era) -> list[Scenario]:
    """The era's scenarios by name, `h2` before `h10`."""
    return sorted(era.scenarios.values(), key=lambda scenario: natural(scenario.name))


def listed(eras: Iterable[Era], words: Iterable[str] = (), property: str | None = None) -> list[tuple[Era, Scenario]]:
    """The scenarios of these eras that have all words in their name or title, and check a property by themselves.

    Upper and lower case are alike. Raises: `UserError` when there is none.
    """
    eras, words = list(eras), list(words)
    names, wanted = [era.name for era in eras], [word.casefold() for word in words]
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
        hint = next((f"{word} is an era: --era {word}" for word in words if word in names), hint)
        raise UserError(f"no scenario {' and '.join(asked)} ({hint})")
    return found


def is_pattern(path: str) -> bool:
    """Whether a text without switches stands for several scenarios."""
    return any(letter in path for letter in "*?[")


def matching(pattern: str, eras: Mapping[str, Era], era: str | None = None) -> list[str]:
    """The references that a pattern such as `v4/h*+vm_ref` stands for; a text without `*` or `?` is one itself.

    Raises: `UserError` when no scenario matches, or `era` is unknown.
    """
    path, plus, words = pattern.partition("+")
    if not is_pattern(path):
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


def natural(name: str) -> tuple[tuple[str, int], ...]:
    """Sorts names with numbers in them as people do."""
    return tuple((letters, int(digits or 0)) for letters, digits in re.findall(r"(\D*)(\d*)", name))
