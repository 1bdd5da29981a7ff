"""Claims: the properties of all scenarios of an era, collected under their numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import attrs

from aprt.core.errors import UserError
from aprt.core.properties import Property
from aprt.core.scenario import Era
from aprt.core.suggestion import did_you_mean
from aprt.verdict.case import Case, find_era, natural, scenarios

C = TypeVar("C", bound="Outline")


@attrs.frozen(eq=False)
class Outline:
    """A property, and the scenarios that check it without being asked."""

    property: Property
    default: tuple[str, ...]


@attrs.frozen(eq=False)
class Claim(Outline):
    """available: all scenarios that know it. all_measures: they do only with all measures in."""

    available: tuple[str, ...]
    all_measures: bool


def claims(eras: Mapping[str, Era], era: str | None = None) -> list[Claim]:
    """All claims of one era, or of all of them, in order of number. An era's first scenario gives the text.

    Raises: `UserError` for an unknown era.
    """
    chosen = [find_era(era, eras)] if era is not None else list(eras.values())
    found: dict[str, list[_Place]] = {}
    for kernel in chosen:
        for scenario in scenarios(kernel):
            for property, with_all in _known(Case.make(kernel, scenario)):
                place = _Place(f"{kernel.name}/{scenario.name}", property, property.id in scenario.properties, with_all)
                found.setdefault(property.id, []).append(place)
    return [_claim(found[id]) for id in sorted(found, key=natural)]


def outlined(eras: Mapping[str, Era]) -> list[Outline]:
    """The claims of all eras, without what takes a model of every scenario to know.

    Looked at are only the first scenario of an era, and those that check by themselves what was not met before.
    """
    found: dict[str, Property] = {}
    default: dict[str, list[str]] = {}
    for era in eras.values():
        for i, scenario in enumerate(scenarios(era)):
            for id in scenario.properties:
                default.setdefault(id, []).append(f"{era.name}/{scenario.name}")
            if i == 0 or not found.keys() >= set(scenario.properties):
                for property, _ in _known(Case.make(era, scenario)):
                    found.setdefault(property.id, property)
    return [Outline(found[id], tuple(default.get(id, ()))) for id in sorted(found, key=natural)]


@attrs.frozen(eq=False)
class _Place:
    """A scenario that knows a property."""

    name: str
    property: Property
    default: bool
    all_measures: bool


def _claim(places: Sequence[_Place]) -> Claim:
    return Claim(
        places[0].property,
        tuple(place.name for place in places if place.default),
        tuple(place.name for place in places),
        all(place.all_measures for place in places),
    )


def _known(case: Case) -> list[tuple[Property, bool]]:
    """What can be checked on a scenario, and whether only with all measures in."""
    own = case.model().properties
    ids, full = {property.id for property in own}, case.with_all_measures()
    more = () if full == case else full.model().properties
    return [
        *((property, False) for property in own),
        *((property, True) for property in more if property.id not in ids),
    ]


def find_claim(id: str, known: Sequence[C]) -> C:
    """The claim with that number, `P1` or `p1`. Raises: `UserError` with a suggestion."""
    ids = [claim.property.id for claim in known]
    for claim in known:
        if claim.property.id.casefold() == id.casefold():
            return claim
    raise UserError(f"unknown property {id!r}{did_you_mean(id.upper(), ids, 'see aprt property list')}")
