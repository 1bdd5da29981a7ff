"""Claims: the properties of all scenarios, collected by number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import attrs

from aprt.core.errors import UserError
from aprt.core.properties import Property
from aprt.core.scenario import Era
from aprt.core.suggestion import did_you_mean
from aprt.verdict.case import Case
from aprt.verdict.lookup import find_era, natural, scenarios

C = TypeVar("C", bound="Outline")


@attrs.frozen(eq=False)
class Outline:
    """A property, and the scenarios that check it without being asked."""

    property: Property
    default: tuple[str, ...]


@attrs.frozen(eq=False)
class Claim(Outline):
    """An outline with all scenarios that can check the property."""

    available: tuple[str, ...]
    all_measures: bool  # they can do so only with all measures in


def claims(eras: Mapping[str, Era], era: str | None = None) -> list[Claim]:
    """All claims of one era, or of all eras, in order of number. The first scenario that has one gives the text.

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
    """The claims of all eras, without what only a model of every scenario would tell.

    Models are built of the first scenario of each era, and of those that check a property not met before.
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
    """A scenario that can check a property."""

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
    """The properties that can be checked on a case, each with whether it takes all measures."""
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
