"""From what was typed to a case: a scenario of an era, a directory, or a scenario in a file, with switches."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from aprt.cli.output import remark
from aprt.core.commits import is_commit
from aprt.core.errors import UserError

if TYPE_CHECKING:
    from aprt.core.scenario import Era
    from aprt.verdict.case import Case

Registry: TypeAlias = "Callable[[], Mapping[str, Era]]"


def find_case(
    registry: Registry, scenario: str, era: str | None, put_in: tuple[str, ...], taken_out: tuple[str, ...]
) -> Case:
    """The case that the options name; a directory is a topology. Raises: `UserError`."""
    from aprt.cli.directories import is_directory
    from aprt.cli.own_files import check_file_name, check_named, is_own, own_case, with_patches
    from aprt.core.token import is_token
    from aprt.verdict.case import Case
    from aprt.verdict.lookup import is_pattern

    if is_token(scenario):
        raise UserError(f"{scenario} is a token: it goes to aprt replay, or to aprt explain")
    subject, *words = scenario.split("+")
    if "" in words:
        raise UserError(f"{scenario}: a switch is missing after +")
    if words:
        check_file_name(scenario)
    eras = with_patches(registry(), (*words, *put_in, *taken_out))
    for word in taken_out:
        if is_own(word) and word not in (*words, *put_in):
            raise UserError(f"{word} is not in {scenario}: there is nothing to take out")
    if is_own(subject):
        return own_case(eras, scenario, era, put_in, taken_out)
    check_named(eras, subject)
    if is_directory(subject, eras):
        from aprt.cli.topology import topology_case

        return topology_case(eras, scenario, era, put_in, taken_out)
    if is_bug(subject):
        raise UserError(_instead_of_bug(subject))
    if is_pattern(subject):
        raise UserError(f"{scenario}: a pattern; name one scenario (aprt explore and aprt diff take several)")
    case = Case.parse(scenario, eras, era, put_in, taken_out)
    if era is None and "/" not in subject:
        _tell_era(case, eras)
    return case


def _tell_era(case: Case, eras: Mapping[str, Era]) -> None:
    """Print a remark about the era that was taken by default, if others have a scenario of that name."""
    name, era = case.scenario.name, case.era.name
    others = [other for other in eras if other != era and name in eras[other].scenarios]
    if others:
        remark(f"{name} of era {era}, as none was named; --era takes another: {', '.join(others)}")


def is_bug(word: str) -> bool:
    """Whether a word can only name a bug of the museum: `B8`, or the commit of its fix."""
    return re.fullmatch(r"[Bb]\d+", word) is not None or is_commit(word)


def is_way(word: str) -> bool:
    """Whether a word is the number of a way, as in `H7`."""
    return re.fullmatch(r"[Hh]\d+", word) is not None


def _instead_of_bug(word: str) -> str:
    """A line that says which scenario to name in place of a bug. Raises: `UserError` for a bug that there is not."""
    from aprt.museum.catalogue import find_entries

    shown = [entry.shown_by.buggy for entry in find_entries(word) if entry.shown_by is not None]
    where = f"its scenario is {' or '.join(shown)}" if shown else f"it has no scenario (aprt museum show {word})"
    return f"{word} is a bug of the museum; {where}"


def find_cases(
    registry: Registry, texts: tuple[str, ...], era: str | None, put_in: tuple[str, ...], taken_out: tuple[str, ...]
) -> tuple[Case, ...]:
    """All cases that the options name, patterns included, each once. Raises: `UserError`.

    A parameter that changes nothing in a single case is refused. In one of several it is left out, with a remark.
    """
    from aprt.verdict.lookup import matching

    eras = registry()
    named = [reference for text in texts for reference in matching(text, eras, era)]
    cases = [find_case(lambda: eras, name, era, put_in, taken_out) for name in named]
    if len(cases) == 1:
        check_settled(*cases)
    cases = [_without_settled(case) for case in cases]
    return tuple({str(case): case for case in cases}.values())


def find_pairs(registry: Registry, before: str, after: str) -> tuple[list[tuple[Case, Case]], bool]:
    """The pairs of cases to compare, and whether eras or patterns were named rather than two cases.

    Of two eras or patterns, scenarios with the same name make a pair; those that only one side has get a remark.
    Parameters that change nothing are as for `find_cases`. Raises: `UserError`.
    """
    from aprt.verdict.lookup import matching

    eras = registry()
    find = case_finder(lambda: eras)
    patterns = [_pattern(text, eras) for text in (before, after)]
    first, second = (matching(pattern, eras) for pattern in patterns)
    single = [found == [pattern] for found, pattern in zip((first, second), patterns, strict=True)]
    if all(single):
        pair = find(before), find(after)
        for case in pair:
            check_settled(case)
        return _unlike([pair]), False
    if any(single):
        raise UserError(f"{before} and {after}: an era or a pattern is compared with another one, not with a scenario")
    was, now = _by_name(before, map(find, first)), _by_name(after, map(find, second))
    _tell_alone(before, was, now)
    _tell_alone(after, now, was)
    both = [name for name in was if name in now]
    if not both:
        raise UserError(f"{before} and {after} have no scenario in common")
    return _unlike([(_without_settled(was[name]), _without_settled(now[name])) for name in both]), True


def _unlike(pairs: Iterable[tuple[Case, Case]]) -> list[tuple[Case, Case]]:
    """These pairs. Raises: `UserError` where each is of the same case twice."""
    pairs = list(pairs)
    if all(str(before) == str(after) for before, after in pairs):
        more = f" and so on, {len(pairs)} in all" if len(pairs) > 1 else ""
        raise UserError(f"both sides are {pairs[0][0]}{more}: there is nothing to compare")
    return pairs


def _pattern(text: str, eras: Mapping[str, Era]) -> str:
    """`2026+vcpus=2` as the pattern of all scenarios of that era, `2026/*+vcpus=2`; any other text as it is."""
    subject = text.partition("+")[0]
    return f"{subject}/*{text.removeprefix(subject)}" if subject in eras else text


def _by_name(text: str, cases: Iterable[Case]) -> dict[str, Case]:
    """The cases that a text names, by the name of their scenario. Raises: `UserError` where two have one name."""
    found: dict[str, Case] = {}
    for case in cases:
        if case.scenario.name in found:
            raise UserError(f"{text}: scenarios of several eras have one name; compare one era with another")
        found[case.scenario.name] = case
    return found


def _tell_alone(text: str, own: Collection[str], others: Collection[str]) -> None:
    """Print a remark about the scenarios that only one side has."""
    if alone := [name for name in own if name not in others]:
        remark(f"only in {text}: {', '.join(alone)}")


def _without_settled(case: Case) -> Case:
    """The case without parameters that change nothing in it, with a remark about them."""
    words, without = _settled(case)
    if words:
        remark(f"{_unchanged(case, words)}; it is searched without")
    return without


def check_settled(case: Case) -> None:
    """Refuse a parameter, such as `vcpus=2`, that changes nothing in the case. Raises: `UserError`."""
    words, _ = _settled(case)
    if words:
        raise UserError(f"{_unchanged(case, words)}; leave that out (aprt scenario show {case.name})")


def _settled(case: Case) -> tuple[tuple[str, ...], Case]:
    """As `verdict.settled` says; nothing for a scenario in a user's own file, which may ask for them later."""
    from aprt.cli.own_files import is_own
    from aprt.verdict.settled import settled

    return ((), case) if is_own(case.scenario.name) else settled(case)


def _unchanged(case: Case, words: Iterable[str]) -> str:
    return f"{case.name} is the same with {' and '.join(words)}, as it settles that itself"


def case_finder(
    registry: Registry, put_in: tuple[str, ...] = (), taken_out: tuple[str, ...] = ()
) -> Callable[[str], Case]:
    """A function from a reference, as tokens and schedule files have it, to its case. Picklable if the registry is."""
    return _Finder(registry, put_in, taken_out, _here())


class _Finder:
    """asked: the machine and the directory of the process that asks. files: digests of the user's files as that process
    has read them, by path; None in that process itself.

    A worker that has read a file with other contents reads it again.
    """

    def __init__(
        self,
        registry: Registry,
        put_in: tuple[str, ...],
        taken_out: tuple[str, ...],
        asked: str,
        files: Mapping[str, str] | None = None,
    ) -> None:
        self._asked = registry, put_in, taken_out, asked
        self._files = files

    def __reduce__(self) -> tuple[type[_Finder], tuple[object, ...]]:
        from aprt.cli.own_modules import files_read

        return _Finder, (*self._asked, files_read() if self._files is None else self._files)

    def __call__(self, reference: str) -> Case:
        registry, put_in, taken_out, asked = self._asked
        try:
            if not self._files:
                return find_case(registry, reference, None, put_in, taken_out)
            from aprt.cli.own_modules import check_same, forget_others

            forget_others(self._files)
            case = find_case(registry, reference, None, put_in, taken_out)
            check_same(self._files)
            return case
        except UserError as error:
            if _here() == asked:
                raise
            raise UserError(f"{error} (so says a worker in {_here()}: name files with their whole path)") from None


def _here() -> str:
    """The machine and the directory."""
    return f"{platform.node()}:{os.getcwd()}"


def changed_case(registry: Registry, case: Case, changes: Iterable[tuple[str, str]]) -> Case:
    """The case with these switches put in, or taken out. Raises: `UserError`, also for what changes nothing."""
    (changed,) = _changed(registry, (case,), changes)
    check_settled(changed)
    _unlike([(case, changed)])
    return changed


def changed_pairs(
    registry: Registry, cases: Iterable[Case], changes: Iterable[tuple[str, str]]
) -> list[tuple[Case, Case]]:
    """Each case and what it is with these switches put in, or taken out. Raises: `UserError`."""
    cases = tuple(cases)
    changed = map(_without_settled, _changed(registry, cases, changes))
    return _unlike(zip(cases, changed, strict=True))


def _changed(registry: Registry, cases: Iterable[Case], changes: Iterable[tuple[str, str]]) -> list[Case]:
    changes = tuple(changes)
    put_in, taken_out = (tuple(switch for way, switch in changes if way == word) for word in ("with", "without"))
    find = case_finder(registry, put_in, taken_out)
    return [find(str(case)) for case in cases]
