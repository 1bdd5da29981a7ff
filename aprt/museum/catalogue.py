"""All halls, and how to find an entry by its number or by a commit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from aprt.core.commits import is_commit, same_commit
from aprt.core.errors import UserError
from aprt.core.suggestion import did_you_mean
from aprt.museum import hall1, hall2, hall3, hall4, hall5
from aprt.museum.entry import Entry, Hall

HALLS: Final[Sequence[Hall]] = (hall1.HALL, hall2.HALL, hall3.HALL, hall4.HALL, hall5.HALL)
ENTRIES: Final[Sequence[Entry]] = tuple(entry for hall in HALLS for entry in hall.entries)


def find_entries(word: str) -> tuple[Entry, ...]:
    """The entry of that number (`B8` or `b8`), or those that a commit fixed; its first digits are enough.

    Raises: `UserError` for an unknown word, and for digits with which several commits begin.
    """
    found = {entry: id for entry in ENTRIES for id in _matches(entry, word)}
    if len(set(found.values())) > 1:
        known = (f"{id} ({entry.id})" for entry, id in found.items())
        raise UserError(f"commit {word!r} is ambiguous: {', '.join(known)}")
    if found:
        return tuple(found)
    if is_commit(word):
        commits = [commit for entry in ENTRIES for commit in entry.commits]
        raise UserError(f"no entry has commit {word!r}{did_you_mean(word, commits, 'see aprt museum list')}")
    if re.fullmatch(r"[Hh]([1-9]|1[0-6])", word):
        raise UserError(f"{word} is a way, no bug of the museum: aprt scenario show v4/{word.lower()}")
    if re.fullmatch(r"[Bb]\d+", word) is None:
        raise UserError(f"{word!r} is no entry: give its number (B8), or seven digits of a commit and more")
    ids = [entry.id for entry in ENTRIES]
    raise UserError(f"no entry is called {word!r}{did_you_mean(word.upper(), ids)}")


def _matches(entry: Entry, word: str) -> tuple[str, ...]:
    if entry.id == word.upper():
        return (entry.id,)
    return tuple(commit for commit in entry.commits if same_commit(word, commit))


def hall_of(entry: Entry) -> Hall:
    """The hall that has the entry."""
    return next(hall for hall in HALLS if any(known.id == entry.id for known in hall.entries))
