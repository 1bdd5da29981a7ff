"""From what was typed to a recording: a token, a schedule file, or a bug of the museum, which is searched for."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from aprt.cli.cases import Registry, case_finder, is_bug, is_way
from aprt.cli.output import remark
from aprt.core.errors import UserError

if TYPE_CHECKING:
    from aprt.verdict.case import Case
    from aprt.verdict.tokens import Recording


def find_recording(registry: Registry, text: str, put_in: tuple[str, ...], taken_out: tuple[str, ...]) -> Recording:
    """The recording that is meant, on a model with these switches changed.

    Raises: `UserError` for a text that names none, with what to type instead, and for a bug that is not found;
    `ReplayMismatch` for a token or file whose steps the model does not offer.
    """
    from aprt.core.token import is_token
    from aprt.verdict.tokens import resolve

    if not is_token(text) and not os.path.isfile(text):
        if is_bug(text) or is_way(text):
            return _bug(registry, text, put_in, taken_out)
        _check_no_scenario(registry, text)
    recording = resolve(text, partial(_case, text, case_finder(registry, put_in, taken_out)))
    if recording.changed:
        files = " or ".join(recording.changed)
        remark(f"{files} is not what it was when this schedule was written down: it is tried on what is there now")
    return recording


def _case(text: str, find: Callable[[str], Case], reference: str) -> Case:
    """The case of the reference in a token or a schedule file. Raises: `UserError`."""
    from aprt.cli.own_modules import NoSuchFile
    from aprt.core.token import is_token

    try:
        return find(reference)
    except NoSuchFile as error:
        if error.place not in reference:
            raise
        recording = "this token" if is_token(text) else text
        raise UserError(
            f"{recording} is of {error.place}, and there is no such file in {os.getcwd()}: "
            f"go to where that is, or put its whole path in the place of {error.place}"
        ) from None


def _bug(registry: Registry, word: str, put_in: tuple[str, ...], taken_out: tuple[str, ...]) -> Recording:
    from aprt.museum.catalogue import find_entries
    from aprt.verdict.contrasts import record

    entry, *others = find_entries(word)
    if others:
        raise UserError(f"commit {word!r} fixed {' and '.join(one.id for one in (entry, *others))}: name one of them")
    contrast = entry.contrast()
    remark(f"{entry.id}: looking for what breaks {contrast.violates} in {contrast.buggy}")
    return record(entry.id, contrast, case_finder(registry, put_in, taken_out))


def _check_no_scenario(registry: Registry, text: str) -> None:
    try:
        case_finder(registry)(text)
    except UserError:
        return
    raise UserError(
        f"{text} is a scenario: aprt explore {text} looks for what breaks in it, and prints the token to give here"
    )
