"""Which report a finding gets, and the report."""

from __future__ import annotations

import attrs

from aprt.core.schedule import Schedule
from aprt.explore.replay import replay
from aprt.kernel.rules import LOCK_ORDER
from aprt.verdict.cause import Cause
from aprt.verdict.realised import Realised
from aprt.verdict.unlocked import race, race_text
from aprt.view.reports.hungtask import hungtask
from aprt.view.reports.kasan import kasan
from aprt.view.reports.kcsan import kcsan, other_side
from aprt.view.reports.leak import leak
from aprt.view.reports.lockdep import lockdep
from aprt.view.reports.refcount import refcount
from aprt.view.reports.story import story
from aprt.view.reports.subject import Subject
from aprt.view.reports.table import WIDE, table
from aprt.view.reports.title import kind_of


def raced(subject: Subject) -> Subject:
    """For data touched without its lock, an execution in which two accesses race; else the subject itself.

    The finding then names both accesses and ends with the later one. If neither the step of the finding nor the last
    step races with another one, a search looks for such an execution; without one the subject stays as it is.
    """
    finding, last = subject.finding, subject.last
    actor = None if last is None else subject.actor(last.actor)
    if finding is None or finding.property != "P22" or last is None or actor is None:
        return subject
    for later in (last, subject.events[-1]):
        if later.actor == actor.name and (other := other_side(subject, later)) is not None:
            schedule = Schedule(subject.execution.schedule.labels[: later.index + 1])
            return attrs.evolve(subject, finding=attrs.evolve(finding, text=race_text(other, later), schedule=schedule))
    found = race(subject.system, actor)
    return subject if found is None else attrs.evolve(subject.along(found.schedule), finding=found)


def reasoned(subject: Subject, why: Cause | Realised | None) -> Subject:
    """The subject with the steps that tell best why it breaks: those that decide, or else those in the orders that
    always hold when it breaks. A hang gets the steps until nobody can go on, and the contexts that go round then.
    """
    if not isinstance(why, Cause):
        return subject
    ordered = [label for order in why.pairs or why.order for label in (order.first, order.second)]
    ordered += [choice.chosen for choice in why.choices]
    subject = attrs.evolve(subject, decisive=frozenset(ordered))
    if why.endless is None:
        return subject
    rounds = tuple(one for one in why.endless.standings if one.does == "goes round")
    return attrs.evolve(subject.going_on(why.endless.rest) if why.endless.rest else subject, rounds=rounds)


def circled(subject: Subject) -> Subject | None:
    """For an execution without a finding, the circle in the lock order that it shows, as its finding; None for none."""
    findings = () if subject.finding else replay(subject.system, subject.execution.schedule, (LOCK_ORDER,)).findings
    return attrs.evolve(subject.along(findings[0].schedule), finding=findings[0]) if findings else None


def told_as(subject: Subject) -> tuple[str, ...]:
    """The kinds of report that fit a subject: the best one first, last those that fit any schedule."""
    best = kind_of(subject)
    locks = best == "kcsan" or circled(subject) is not None
    return tuple(dict.fromkeys((best, *(("lockdep",) if locks else ()), "columns", "story", "table")))


def report(subject: Subject, kind: str | None = None, width: int = WIDE) -> list[str] | None:
    """The lines of the report of that kind, or of the kind that tells the finding best. width: of a table.

    None where that kind is `columns`, or needs a finding or a step that the subject does not have.
    """
    kind = kind_of(subject) if kind is None else kind
    finding, last = subject.finding, subject.last
    match kind:
        case "story":
            return story(subject)
        case "table":
            return table(subject, width)
        case "hungtask" if finding is not None:
            return hungtask(subject, finding)
        case "lockdep" if finding is None:
            circle = circled(subject)
            return None if circle is None else report(circle, kind)
    made = {"lockdep": lockdep, "kasan": kasan, "kcsan": kcsan, "refcount": refcount, "leak": leak}
    if kind not in made or finding is None or last is None:
        return None
    return made[kind](subject, finding, last)
