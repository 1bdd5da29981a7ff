"""What a program of one's own gives to the functions of aprt, refused in one line where it cannot be meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aprt.core.errors import UserError
from aprt.core.properties import Property
from aprt.core.suggestion import did_you_mean

_LONGEST = 60  # letters of what was found instead


def check_kind(name: str, value: object, kind: type, expected: str) -> None:
    """Refuse an argument of another kind. expected: what to give instead. Raises: `UserError`."""
    if not isinstance(value, kind):
        raise UserError(f"{name}: expected {expected}, found {_cut(value)}")


def check_one_of(name: str, value: object, known: Sequence[str]) -> None:
    """Refuse an argument that is none of these words. Raises: `UserError`."""
    if value not in known:
        raise UserError(f"{name}: unknown {value!r}{did_you_mean(str(value), known)}")


def listed(properties: Property | Iterable[Property]) -> tuple[Property, ...]:
    """Properties, of which one may be given as it is. Raises: `UserError` for anything else."""
    if isinstance(properties, Property):
        return (properties,)
    check_kind("properties", properties, Iterable, "properties, as always() and at_end() make them")
    found = tuple(properties)
    for one in found:
        check_kind("properties", one, Property, "properties, as always() and at_end() make them")
    return found


def _cut(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
