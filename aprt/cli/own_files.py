"""Scenarios, systems and patches in Python files of a user's own, named `FILE.py:NAME` or `MODULE:NAME`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import attrs

from aprt.cli.own_modules import module_of
from aprt.cli.own_systems import NO_ERA, is_system, system_scenario
from aprt.core.errors import UnknownSwitch, UserError
from aprt.core.scenario import Era, Scenario
from aprt.core.suggestion import did_you_mean
from aprt.core.switch import Switch
from aprt.core.system import System
from aprt.kernel.rules import LOCK_RELEASE
from aprt.verdict.case import Case
from aprt.verdict.lookup import era_of, find_era, is_nearly_era
from aprt.verdict.switch_words import check_words

T = TypeVar("T")


def is_own(word: str) -> bool:
    """Whether a word names something in a file of the user's."""
    return ":" in word


def with_patches(eras: Mapping[str, Era], words: Iterable[str]) -> Mapping[str, Era]:
    """The eras; for each patch among the words, those that it is written for have a switch.

    eras: the oldest first. Raises: `UserError`.
    """
    words = tuple(dict.fromkeys(words))
    for word in words:
        if word.endswith(".py"):
            raise UserError(f"{word}: name the patch in it{_those_in(word, Switch, f'{word}:')}")
    own = [word for word in words if is_own(word)]
    if not own:
        return eras
    patched = dict(eras)
    for switch in map(_patch, own):
        for era in _from(switch, eras):
            patched[era] = attrs.evolve(patched[era], switches=(*patched[era].switches, switch))
    return MappingProxyType(patched)


def _from(switch: Switch, eras: Mapping[str, Era]) -> list[str]:
    names = list(eras)
    if switch.since is None:
        return names
    if switch.since not in names:
        hint = did_you_mean(switch.since, names, "see aprt era list")
        raise UserError(f"{switch.name}: since: unknown era {switch.since!r}{hint}")
    return names[names.index(switch.since) :]


def check_named(eras: Mapping[str, Era], text: str) -> None:
    """Refuse `[ERA/]FILE.py`, a file without the name of the scenario in it. Raises: `UserError`."""
    if not text.endswith(".py") or Path(text).is_dir():
        return
    named, slash, rest = text.partition("/")
    era, path = (named, rest) if slash and named in eras else ([*eras][-1], text)
    if systems := _names(path, System):
        raise UserError(f"{text}: name the system in it ({', '.join(f'{path}:{name}' for name in systems)})")
    if not _names(path, Scenario) and (patches := _names(path, Switch)):
        told = " or ".join(f"--with {path}:{name}" for name in patches)
        raise UserError(f"{text}: there is no scenario in it, but patches ({told})")
    if not _names(path, Scenario) and (systems := _systems(path)):
        raise UserError(f"{text}: name the system in it ({', '.join(f'{path}:{name}' for name in systems)})")
    raise UserError(f"{text}: name the scenario in it{_those_in(path, Scenario, f'{era}/{path}:')}")


def _those_in(path: str, kind: type[Any], before: str) -> str:
    """The end of an error line: the things of a kind in a file, as a user would name them."""
    return f" ({', '.join(before + name for name in _names(path, kind)) or 'there is none'})"


def _names(path: str, kind: type[Any]) -> list[str]:
    return [name for name, value in vars(module_of(path)).items() if isinstance(value, kind)]


def _systems(path: str) -> list[str]:
    """The systems in a file, and its own functions that may make one."""
    module = module_of(path)
    return [
        name
        for name, value in vars(module).items()
        if isinstance(value, System) or (is_system(value) and value.__module__ == module.__name__)
    ]


def own_case(
    eras: Mapping[str, Era], text: str, era: str | None, put_in: tuple[str, ...], taken_out: tuple[str, ...]
) -> Case:
    """The case of `[ERA/]FILE.py:NAME[+SWITCH...]`, a scenario or a system in a file.

    K2 is checked as well where its model has that, as new code may give back a lock that it does not hold.

    Raises: `UserError`.
    """
    path, *words = text.split("+")
    named, slash, rest = path.partition("/")
    whole, after = _place(path).is_file(), _place(rest).is_file()
    inside = bool(slash) and named in eras and (after or not whole)
    found, name = era_of(text, named if inside else None, era, eras), rest if inside else path
    if after and not whole and is_nearly_era(named, eras):
        find_era(named, eras)
    if system := _system(name):
        _check_without_era(name, named if inside else era, (*words, *put_in, *taken_out))
        return Case.make(NO_ERA, system)
    scenario = attrs.evolve(_load(name, Scenario, "scenario"), name=name, directory=None)
    check_words(found, eras, (*words, *put_in), taken_out)
    case = Case.make(found, scenario, words, put_in, taken_out)
    try:
        more = [p.id for p in case.model().properties if p.id == LOCK_RELEASE.id and p.id not in scenario.properties]
    except UnknownSwitch as error:
        having = [era for era, kernel in eras.items() if kernel.knows(error.name)]
        advice = f"; try {having[-1]}/{name}" if having else ""
        raise UserError(f"{name} is not for era {found.name}, which has no switch {error.name!r}{advice}") from None
    return attrs.evolve(case, scenario=attrs.evolve(scenario, properties=(*scenario.properties, *more)))


def check_file_name(text: str) -> None:
    """Refuse a file with a `+` in its name: what follows would be taken for a switch. Raises: `UserError`."""
    places = _place(text), _place(text.partition("/")[2])
    if any("+" in place.name and place.is_file() for place in places):
        raise _misnamed(text, "scenario")


def _misnamed(word: str, what: str) -> UserError:
    return UserError(f"{word}: the name of a file with a {what} in it has no '+' and no '='")


def _system(name: str) -> Scenario | None:
    """The scenario of a system in a file; None where it is no system that has this name."""
    place, _, inside = name.rpartition(":")
    beside = vars(module_of(place)) if place else {}
    return system_scenario(name, beside[inside], beside.values()) if is_system(beside.get(inside)) else None


def _check_without_era(name: str, era: str | None, switches: tuple[str, ...]) -> None:
    """Refuse an era and switches for a system, which has neither. Raises: `UserError`."""
    if era is not None:
        raise UserError(f"{name} is a system of your own, of no era; leave {era!r} out")
    if switches:
        raise UserError(f"{name} is a system of your own and has no switches; leave {switches[0]!r} out")


def _place(word: str) -> Path:
    return Path(word.rpartition(":")[0])


def _patch(word: str) -> Switch:
    switch = _load(word, Switch, "patch")
    if switch.kind != "patch":
        raise UserError(f"{word}: a {switch.kind}; make a patch with aprt.patch(about, function=...)")
    if not switch.replaces:
        raise UserError(
            f"{word} replaces nothing; say what with aprt.patch(about, function=...), as in pqap=my_handler"
        )
    if not isinstance(switch.since, str | None):
        raise UserError(f"{word}: since: expected the name of an era such as '5.3', found {switch.since!r}")
    return attrs.evolve(switch, name=word)


def _load(word: str, kind: type[T], what: str) -> T:
    place, _, name = word.rpartition(":")
    if any(letter in word for letter in "+="):
        raise _misnamed(word, what)
    if not place:
        raise UserError(f"{word}: no file is named (try FILE.py:{name or 'NAME'})")
    module = module_of(place)
    found = vars(module).get(name)
    if isinstance(found, kind):
        return found
    if found is not None:
        other = ", no System, and no function that makes one without arguments" if kind is Scenario else ""
        raise UserError(f"{word}: is no {what}{other}")
    known = [*_names(place, kind), *(_systems(place) if kind is Scenario else ())]
    raise UserError(f"{place} has no {what} called {name!r}{did_you_mean(name, known) if known else ''}")
