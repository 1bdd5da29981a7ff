"""Claims: the properties of all scenarios of an era, collected under their numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from aprt.core.errors import UserError
from aprt.core.properties import Property
from aprt.core.scenario import Era, did_you_mean
from aprt.verdict.case import Case, find_era, natural, scenarios


@attrs.frozen(eq=False)
class Claim:
    """A property and the cases that know it. default: those that check it without being asked."""

    property: Property
    available: tuple[str, ...]
    default: tuple[str, ...]


def claims(eras: Mapping[str, Era], era: str | None = None) -> list[Claim]:
    """All claims of one era, or of all of them, in order of number. An era's first scenario gives the text.

    Raises: `UserError` for an unknown era.
    """
    chosen = [find_era(era, eras)] if era is not None else list(eras.values())
    found: dict[str, Claim] = {}
    for kernel in chosen:
        for scenario in scenarios(kernel):
            name = f"{kernel.name}/{scenario.name}"
            for property in Case(kernel, scenario, kernel.settings(scenario)).model().properties:
                claim = found.get(property.id, Claim(property, (), ()))
                default = (*claim.default, name) if property.id in scenario.properties else claim.default
                found[property.id] = Claim(claim.property, (*claim.available, name), default)
    return sorted(found.values(), key=lambda claim: natural(claim.property.id))


def find_claim(id: str, known: Sequence[Claim]) -> Claim:
    """The claim with that number. Raises: `UserError` with a suggestion."""
    for claim in known:
        if claim.property.id == id:
            return claim
    raise UserError(f"unknown property {id!r}{did_you_mean(id, [claim.property.id for claim in known])}")
