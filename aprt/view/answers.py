"""The answers to many questions, as JSON that shards of one list can be put together from.

One object, `aprt.verdicts/1`: `shard` is `I/N`, `question` what all shards of one question have in common, `asked` the
references of this shard in order, `verdicts` the objects `aprt.verdict/1` of those that were answered, in that order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import attrs

from aprt.core.amount import count
from aprt.core.errors import UserError
from aprt.verdict.json_file import read_json
from aprt.verdict.many import Shard
from aprt.view.answered import Answer, Answered
from aprt.view.json_text import dump
from aprt.view.lists import table
from aprt.view.paint import PLAIN, Paint
from aprt.view.results import Suite
from aprt.view.results_text import report
from aprt.view.verdict_report import unanswered, verdict_suite
from aprt.view.verdict_text import verdict_line
from aprt.view.version import aprt_version

SCHEMA = "aprt.verdicts/1"


@attrs.frozen
class Answers(Answered[str]):
    """What a shard was asked, by reference, and the answers so far. question: as `verdict.many.question_of` says."""

    shard: Shard = attrs.field(kw_only=True)
    question: str = attrs.field(kw_only=True)

    @property
    def words(self) -> frozenset[str]:
        """The words of the verdicts."""
        return frozenset(answer["verdict"] for answer in self.ordered)

    def told(self, form: str, width: int | None = None, paint: Paint = PLAIN) -> str:
        """In the form `text`, `json`, `junit` or `ktap`. width, paint: as for `text`."""
        if form == "json":
            return self.to_json()
        return self.text(width, paint) if form == "text" else report(form, self.suites())

    def suites(self) -> list[Suite]:
        """A suite for each scenario that was asked about, with or without an answer."""
        return [verdict_suite(self.given[asked]) if asked in self.given else unanswered(asked) for asked in self.asked]

    def text(self, width: int | None = None, paint: Paint = PLAIN) -> str:
        """A line for each answer, and how many there are of each verdict.

        width: of a terminal, for which a line says what came out only; None for lines that have everything. Those are
        for grep, and have no colour.
        """
        if width is None:
            lines = [*map(verdict_line, self.ordered)]
        else:
            lines = [table(map(_row, self.ordered), width, paint=paint.answer)]
        return "\n".join([*lines, "", self.summary()])

    def summary(self) -> str:
        said = [answer["verdict"] for answer in self.ordered]
        counts = [f"{said.count(word)} {word}" for word in dict.fromkeys(said)]
        if self.left:
            counts.append(f"{len(self.left)} not answered")
        states = sum(answer["states"] or 0 for answer in self.ordered)
        return f"aprt: {count(len(self.asked), 'scenario')}: {', '.join(counts) or 'none asked'}; states={states}"

    def to_json(self) -> str:
        return dump(
            {
                "schema": SCHEMA,
                "shard": str(self.shard),
                "question": self.question,
                "asked": list(self.asked),
                "verdicts": list(self.ordered),
                "version": aprt_version(),
            }
        )

    @classmethod
    def read(cls, path: Path) -> Self:
        """The answers that a file holds. Raises: `UserError`."""
        match read_json(path, "a shard's answers"):
            case {"schema": str(schema)} if schema != SCHEMA:
                raise UserError(f"{path}: schema: {schema!r} cannot be merged (this aprt merges {SCHEMA!r})")
            case {
                "schema": str(),
                "shard": str(shard),
                "question": str(question),
                "asked": [*asked],
                "verdicts": [*verdicts],
                "version": str(version),
            }:
                if version != aprt_version():
                    raise UserError(f"{path}: version: {version!r}, but this is aprt {aprt_version()}")
                given = by_reference(path, verdicts)
                return cls(tuple(asked), given, shard=Shard.parse(shard), question=question)
            case _:
                raise UserError(f"{path}: not written by aprt explore --shard I/N --format json")


def _row(answer: Answer) -> tuple[str, str, str]:
    """The verdict, the scenario, and what is violated, or else why it is open and what its word does not tell."""
    if violated := [finding["property"] for finding in answer["findings"]]:
        return answer["verdict"], answer["scenario"], ", ".join(violated)
    told = [answer["open"]] if answer["open"] else []
    if answer["deadlocks"]:
        told.append(f"deadlocks: {answer['deadlocks']}")
    if answer["unexercised"]:
        told.append(f"never exercised: {', '.join(answer['unexercised'])}")
    return answer["verdict"], answer["scenario"], "; ".join(told)


def merge(shards: Sequence[Answers]) -> Answers:
    """The whole list from all its shards.

    Raises: `UserError` when one is missing, or there twice, or when they were asked different questions.
    """
    of = shards[0].shard.of
    by_number = {one.shard.number: one for one in shards}
    for one in shards:
        if one.shard.of != of:
            raise UserError(f"shards {shards[0].shard} and {one.shard} are not of one list")
        if by_number[one.shard.number] is not one:
            raise UserError(f"shard {one.shard} is there twice")
        if one.question != shards[0].question:
            what = "scenarios, files of your own, properties, bounds, strategy"
            raise UserError(f"shards {shards[0].shard} and {one.shard} were not asked the same ({what})")
    missing = [f"{number}/{of}" for number in range(1, of + 1) if number not in by_number]
    if missing:
        raise UserError(f"shards missing: {', '.join(missing)}")
    parts = [by_number[number].asked for number in range(1, of + 1)]
    longest = max(map(len, parts))
    asked = tuple(part[i] for i in range(longest) for part in parts if i < len(part))
    answers = {reference: answer for one in shards for reference, answer in one.given.items()}
    return Answers(asked, answers, shard=Shard(1, 1), question=shards[0].question)


def by_reference(path: Path, verdicts: Iterable[Any]) -> dict[str, Answer]:
    """The answers that a file holds, by reference. Raises: `UserError` when one is none."""
    try:
        answers = {verdict["scenario"]: verdict for verdict in verdicts}
        for answer in answers.values():
            verdict_suite(answer)
    except (TypeError, KeyError) as error:
        raise UserError(f"{path}: verdicts: one has no {error}") from None
    return answers
