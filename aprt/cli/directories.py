"""Whether what was typed names a directory or a scenario."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping

from aprt.core.errors import UserError
from aprt.core.scenario import Era
from aprt.core.suggestion import did_you_mean
from aprt.verdict.lookup import is_nearly_era


def is_directory(path: str, eras: Mapping[str, Era]) -> bool:
    """Whether a directory is meant, rather than a scenario: it exists, or what was typed looks like no scenario.

    Raises: `UserError` when a directory is meant that does not exist.
    """
    if os.path.isdir(path):
        return True
    place, slash, name = path.rpartition("/")
    if not slash and (not os.path.isfile(path) or any(path in era.scenarios for era in eras.values())):
        return False
    if is_nearly_era(place, eras):
        return False
    if os.path.exists(path):
        raise UserError(f"{path}: is a file; name the directory of a topology, or a scenario (ERA/NAME)")
    near = difflib.get_close_matches(name, _directories(place or "/"), n=1)
    if near:
        raise UserError(f"{path}: no such directory (did you mean {os.path.join(place, near[0])!r}?)")
    era = f", and {place!r} is no era{did_you_mean(place, eras, 'see aprt era list')}" if place else ""
    raise UserError(f"{path}: no such directory{era}")


def _directories(place: str) -> list[str]:
    try:
        return [entry.name for entry in os.scandir(place) if entry.is_dir()]
    except OSError:
        return []
