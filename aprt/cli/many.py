"""`aprt explore` with several scenarios: a line each, by one process or many, the whole list or a shard of it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from aprt.cli.cases import Registry, case_finder
from aprt.cli.output import EXITS, INTERRUPTED, columns, echo, paint, remark
from aprt.core.errors import UserError

if TYPE_CHECKING:
    from aprt.cli.gathered import Sharing
    from aprt.cli.interrupts import Interrupts
    from aprt.explore.saved.answers import SavedAnswers
    from aprt.verdict.case import Case
    from aprt.verdict.keeping import Keep
    from aprt.verdict.search import Search
    from aprt.verdict.verdict import Verdict
    from aprt.view.answered import Answer
    from aprt.view.answers import Answers


def explore_many(
    registry: Registry,
    cases: tuple[Case, ...],
    shard: str | None,
    properties: tuple[str, ...],
    search: Search,
    sharing: Sharing,
    form: str,
    color: str,
    interrupts: Interrupts,
    keep: Keep | None,
) -> int:
    """Ask about every case, print the answers in the order of `cases`, and return the exit code.

    keep: where to keep answers as they come in, and which need not be asked for again.
    """
    from aprt.cli.progress import ProgressLine
    from aprt.verdict.many import Shard, ask_many, question_of
    from aprt.verdict.own_code import own_models
    from aprt.view.answers import Answers, by_reference

    part = Shard(1, 1) if shard is None else Shard.parse(shard)
    references = [str(case) for case in cases]
    own = own_models(cases)
    answers = Answers(part.of_list(references), shard=part, question=question_of(references, own, properties, search))
    kept, refused = _kept(keep, answers.asked, own, properties, search), None
    try:
        with ProgressLine() as progress, kept as saved, sharing.crew() as workers, interrupts.allowed:
            if keep is not None and saved is not None:
                answers = answers.add(by_reference(keep.path, saved.given.values()))
            for reference, answer in ask_many(answers.left, case_finder(registry), properties, search, _tell, workers):
                if answer is None:
                    break
                answers = answers.add({reference: answer})
                if saved is not None:
                    saved.add(reference, answer)
                progress.tell(f"{len(answers.given)} of {len(answers.asked)} scenarios")
    except KeyboardInterrupt:
        pass
    except UserError as error:
        refused = error
    if refused is None or answers.given:
        echo(answers.told(form, columns(), paint(color)))
    if refused is not None:
        raise refused
    if keep is not None and answers.left:
        from aprt.view.commands import quoted

        remark(f"the answers so far are in {keep.path}: the same with --resume {quoted(keep.path)} goes on")
    return exit_code(answers)


def _kept(
    keep: Keep | None, asked: tuple[str, ...], own: tuple[str, ...], properties: tuple[str, ...], search: Search
) -> AbstractContextManager[SavedAnswers | None]:
    if keep is None:
        return nullcontext()
    from aprt.verdict.keeping import kept_answers

    return kept_answers(keep, asked, own, properties, search)


def _tell(verdict: Verdict) -> Answer | None:
    """What goes into the answers; None for a verdict that was interrupted."""
    from aprt.view.verdict_json import verdict_object

    return None if verdict.interrupted else verdict_object(verdict)


def exit_code(answers: Answers) -> int:
    """What the worst of the answers exits with: violated, then open, then holds; or that some are missing."""
    if answers.left:
        return INTERRUPTED
    codes = {EXITS[word] for word in answers.words}
    return next((code for code in (1, 3) if code in codes), 0)
