"""Tokens and schedule files: how a schedule leaves the program and comes back.

A token holds hashes of some of the steps (`core.token`). It is given out only after it was decoded, followed, and led
to the very schedule that it is for.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from aprt.core import token
from aprt.core.errors import ReplayMismatch, UserError
from aprt.core.follow import Goal, follow
from aprt.core.scenario import Model
from aprt.core.schedule import Schedule
from aprt.core.system import System
from aprt.explore.stepper import Stepper
from aprt.verdict.case import Case
from aprt.verdict.json_file import read_json

LONGEST = 120  # letters; a longer token would not be pasted
_SCHEMA = "aprt.schedule/1"


@attrs.frozen(eq=False)
class Recording:
    """A case with a schedule for it."""

    case: Case
    model: Model
    schedule: Schedule
    named: str  # where it came from: a token, a file, a bug of the museum
    asked: tuple[str, ...] = ()  # the numbers of the properties that it was recorded for, where that is known

    @property
    def token(self) -> str | None:
        """Its token, wherever it came from; None when it is too long for one."""
        if token.is_token(self.named):
            return self.named
        return token_of(self.case, self.model.system, self.schedule)


def token_of(case: Case, system: System, schedule: Schedule) -> str | None:
    """A token of that schedule, or None when it is too long for one."""
    for salt in range(token.SALTS):
        text = token.encode(str(case), schedule, salt)
        if len(text) > LONGEST:
            return None
        try:
            if _follow(token.decode(text).goals(system), system) == schedule:
                return text
        except ReplayMismatch:
            continue
    return None


def resolve(text: str, parse: Callable[[str], Case]) -> Recording:
    """The recording that a token, or the path of a schedule file, stands for. parse: finds the case of a reference.

    Raises: `UserError` when it cannot be read or names what does not exist, `ReplayMismatch` when the model does
    not offer what the token or the file asks for.
    """
    if not text or not _exists(text):
        if ":" not in text:
            what = f"a token ({token.EXAMPLE}) or a bug of the museum (B8)"
            raise UserError(f"{text or repr(text)}: no such file, and not {what} either")
        told = token.decode(text)
        case = parse(told.reference)
        model = case.model()
        return Recording(case, model, _follow(told.goals(model.system), model.system), text)
    reference, schedule = _read(Path(text))
    case = parse(reference)
    model = case.model()
    return Recording(case, model, _follow(map(Goal.of, schedule), model.system), text)


def check_writable(path: Path) -> None:
    """See that `save` can write there; nothing is changed. Raises: `UserError`."""
    with _drafted(path):
        pass


def save(path: Path, case: Case, schedule: Schedule) -> None:
    """Write a schedule file, whole or not at all. Raises: `UserError` when it cannot be written."""
    steps = ",\n    ".join(json.dumps([label.context, label.op]) for label in schedule)
    head = f'"schema": "{_SCHEMA}",\n  "scenario": {json.dumps(str(case))}'
    text = f'{{\n  {head},\n  "steps": [\n    {steps}\n  ]\n}}\n'
    with _drafted(path) as draft:
        draft.write_text(text, encoding="utf-8")
        os.replace(draft, os.path.realpath(path))


@contextmanager
def _drafted(path: Path) -> Iterator[Path]:
    """An empty file beside a path, to put in its place; what is left of it is removed. Raises: `UserError`."""
    try:
        if path.exists() and not path.is_file():
            raise UserError(f"cannot write {path}: {'Is a directory' if path.is_dir() else 'Is no regular file'}")
        draft = Path(os.path.realpath(path)).with_name(f".aprt.{os.urandom(8).hex()}")
        draft.touch(exist_ok=False)
        try:
            yield draft
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except OSError:  # too long for a name, as a token can be
        return False


def _follow(goals: Iterable[Goal], system: System) -> Schedule:
    with Stepper(system) as stepper:
        return follow(goals, system, stepper)


def _read(path: Path) -> tuple[str, Schedule]:
    match read_json(path, "a schedule file"):
        case {"schema": str(schema)} if schema != _SCHEMA:
            raise UserError(f"{path}: schema: {schema!r} is unknown (this aprt reads {_SCHEMA!r})")
        case {"schema": _, "scenario": str(reference), "steps": [*steps], **rest}:
            if rest:
                raise UserError(f"{path}: unknown field {next(iter(rest))!r} (known: schema, scenario, steps)")
            return reference, Schedule.of(_step(path, i, step) for i, step in enumerate(steps))
        case _:
            raise UserError(f"{path}: not a schedule file (needs schema, scenario and steps)")


def _step(path: Path, i: int, step: object) -> tuple[str, str]:
    match step:
        case [str(context), str(op)]:
            return context, op
        case _:
            raise UserError(f"{path}: steps[{i}]: expected [context, operation], found {json.dumps(step)[:60]}")
