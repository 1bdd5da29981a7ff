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
from aprt.core.schedule import Label, Schedule
from aprt.core.suggestion import did_you_mean
from aprt.core.system import System
from aprt.explore.stepper import Stepper
from aprt.verdict.case import Case
from aprt.verdict.json_file import read_json
from aprt.verdict.own_code import fingerprint, own_places

LONGEST = 120  # letters; a longer token would not be pasted
_SCHEMA = "aprt.schedule/1"


class NoSuchMessage(ReplayMismatch):
    """A step of a schedule file is a message that the model does not have."""

    def __init__(self, path: Path, step: int, label: Label, hint: str) -> None:
        super().__init__(step, str(label), ())
        self.args = (f"{path}: steps[{step}]: there is no message {label.op!r}{hint}",)


@attrs.frozen(eq=False)
class Recording:
    """A case with a schedule for it."""

    case: Case
    model: Model
    schedule: Schedule
    named: str  # where it came from: a token, a file, a bug of the museum
    asked: tuple[str, ...] = ()  # the numbers of the properties that it was recorded for, where that is known
    changed: tuple[str, ...] = ()  # files of the user's own that are not what they were when it was written down

    @property
    def token(self) -> str | None:
        """Its token, wherever it came from; None when it is too long for one."""
        if token.is_token(self.named):
            return self.named
        return token_of(self.case, self.model.system, self.schedule)


def token_of(case: Case, system: System, schedule: Schedule) -> str | None:
    """A token of that schedule, or None when it is too long for one."""
    own = fingerprint(_places(case, case.words))
    for salt in range(token.SALTS):
        text = token.encode(str(case), schedule, salt, own)
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
        schedule = _follow(told.goals(model.system), model.system)
        return Recording(case, model, schedule, text, changed=_changed(case, told.reference, told.own))
    reference, written, own = _read(Path(text))
    case = parse(reference)
    model = case.model()
    _check_messages(Path(text), written, model.system)
    goals = (Goal.of(label, f"steps[{i}]") for i, label in enumerate(written))
    return Recording(case, model, _follow(goals, model.system), text, changed=_changed(case, reference, own))


def _changed(case: Case, reference: str, own: str) -> tuple[str, ...]:
    """The user's files that a reference names, unless they are known to be what they were, or nothing is known.

    case: of that reference; what else was put in or taken out makes no difference.
    """
    places = _places(case, reference.split("+")[1:])
    return places if own and own != fingerprint(places) else ()


def _places(case: Case, words: Iterable[str]) -> tuple[str, ...]:
    return own_places((case.scenario.name, *words))


def check_writable(path: Path) -> None:
    """See that `save` can write there; nothing is changed. Raises: `UserError`."""
    with _drafted(path):
        pass


def save(path: Path, case: Case, schedule: Schedule) -> None:
    """Write a schedule file, whole or not at all. Raises: `UserError` when it cannot be written."""
    steps = ",\n    ".join(json.dumps([label.context, label.op]) for label in schedule)
    head = f'"schema": "{_SCHEMA}",\n  "scenario": {json.dumps(str(case))}'
    if own := fingerprint(_places(case, case.words)):
        head += f',\n  "own": "{own}"'
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


def _check_messages(path: Path, schedule: Schedule, system: System) -> None:
    """Refuse a step that no system like this takes. Raises: `ReplayMismatch`."""
    known = {f"{actor.name}.{op}" for actor in system.actors for op in actor.messages()}
    for i, label in enumerate(schedule):
        if label.op not in known and not label.op.startswith("choose "):
            raise NoSuchMessage(path, i, label, did_you_mean(label.op, known))


def _read(path: Path) -> tuple[str, Schedule, str]:
    """The reference, the steps, and the letters for the user's files (none: it names no such files)."""
    match read_json(path, "a schedule file"):
        case {"schema": str(schema)} if schema != _SCHEMA:
            raise UserError(f"{path}: schema: {schema!r} is unknown (this aprt reads {_SCHEMA!r})")
        case {"schema": str(), "scenario": str(reference), "steps": [*steps], **rest}:
            own = rest.pop("own", "")
            if rest:
                raise UserError(f"{path}: unknown field {next(iter(rest))!r} (known: schema, scenario, own, steps)")
            return reference, Schedule.of(_step(path, i, step) for i, step in enumerate(steps)), str(own)
        case _:
            raise UserError(f"{path}: not a schedule file (needs schema, scenario and steps)")


def _step(path: Path, i: int, step: object) -> tuple[str, str]:
    match step:
        case [str(context), str(op)]:
            return context, op
        case _:
            raise UserError(f"{path}: steps[{i}]: expected [context, operation], found {json.dumps(step)[:60]}")
