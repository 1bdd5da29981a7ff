"""Members of a class that turn out not to be alike, so that a search with symmetry begins again without that class."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from aprt.core.errors import UserError
from aprt.core.symmetry import without
from aprt.explore.result import Question


@attrs.frozen
class Apart:
    """A class whose members turned out not to be alike. kind: its number, among the classes left until then."""

    kind: int
    why: str

    def keep(self, question: Question) -> None:
        """Write it to the file of the search, if it has one, for when it is resumed."""
        if question.save is not None:
            import msgspec  # few searches are kept

            question.save.begin_anew(msgspec.json.encode(self).decode())


def told_apart(question: Question) -> list[Apart]:
    """What an earlier sitting of the search found out. Raises: `UserError` when its file cannot be read."""
    if question.save is None or not question.symmetry:
        return []
    import msgspec

    try:
        return [msgspec.json.decode(reason, type=Apart) for reason in question.save.anew]
    except msgspec.DecodeError:
        raise question.save.damaged() from None


def still_alike(question: Question, apart: Sequence[Apart], seconds: float) -> Question:
    """The question without what turned out not to be alike, and with the time that is left for it.

    Raises: `UserError` when nothing is alike any more.
    """
    if not apart:
        return question
    left = question.system.symmetry
    for one in apart:
        left = without(left, one.kind)
    if not left:
        raise UserError(f"no symmetry: {apart[0].why}")
    system = attrs.evolve(question.system, symmetry=left)
    return attrs.evolve(question, system=system, bounds=question.bounds.after(seconds))
