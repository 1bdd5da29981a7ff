"""Words that name switches, in a reference or in options: what they set, and which eras have one that an era lacks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from aprt.core.errors import UserError
from aprt.core.scenario import Era

OUT: Final = "=out"  # what a group of flags is set to when it is taken out


def check_words(
    era: Era, eras: Mapping[str, Era], put_in: Iterable[str], taken_out: Iterable[str], scenario: str | None = None
) -> None:
    """Refuse a switch that the era lacks and others have, with the names of these. Raises: `UserError`.

    put_in: as words of a reference, so that one may be `B8=out`. scenario: where only some of those eras have one of
    that name, only these are named. A word that no era knows is left to whoever reads it.
    """
    for word, out in (*((word, word.endswith(OUT)) for word in put_in), *((word, True) for word in taken_out)):
        if era.knows(word):
            continue
        others = [other for other in eras.values() if other.knows(word)]
        word = others[0].as_written(word) if others else word
        if others:
            raise UserError(f"era {era.name} has no switch {word!r} ({_where(word, others, out, scenario)})")


def _where(word: str, having: Iterable[Era], out: bool, scenario: str | None) -> str:
    """The eras in which a switch can be set: a fix is taken out where the kernel has it, else put in."""
    name = word.partition("=")[0]
    fixes = [(era, s) for era in having for s in era.switches if s.kind == "fix" and s.called(name)]
    if not fixes:
        return f"eras that have it{_with(scenario, list(having))}"
    has, lacks = ([era for era, fix in fixes if fix.default == default] for default in ("in", "out"))
    verb, found = ("have", has) if has and (out or not lacks) else ("lack", lacks)
    entry = fixes[0][1].word
    return f"{'' if name == entry else f'{entry}; '}eras that {verb} the fix{_with(scenario, found)}"


def _with(scenario: str | None, found: list[Era]) -> str:
    """The names of these eras; where only some have the scenario, the names of those."""
    both = [era for era in found if scenario in era.scenarios]
    few = 0 < len(both) < len(found)
    return f"{f', and {scenario}' if few else ''}: {', '.join(era.name for era in (both if few else found))}"


def named(era: Era, words: Iterable[str], scenario: str) -> dict[str, str]:
    """The words by what they name, a switch or a group.

    Raises: `UserError` for an unknown one, and when two set one switch differently.
    """
    found: dict[str, str] = {}
    for word in words:
        group = word.removesuffix(OUT) in era.groups
        name = word if group else era.parse(word, scenario)[0].name
        if name in found and not group and era.parse(found[name]) != era.parse(word):
            raise UserError(f"{found[name]!r} and {word!r} contradict each other: both set switch {name!r}")
        found[name] = word
    return found


def members(era: Era, words: Iterable[str]) -> list[tuple[str, str]]:
    """The words with groups spelled out, each behind the name of its switch."""
    found: list[tuple[str, str]] = []
    for word in words:
        group = word.removesuffix(OUT)
        end = word[len(group) :]
        members = [member + end for member in era.groups.get(group, (group,))]
        found += ((era.parse(member)[0].name, member) for member in members)
    return found
