"""Reports: each kind as it stands in a file, and every entry of the museum told without a hole.

The files are written anew by `python -m tests.view.test_reports`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import attrs
import pytest

from aprt.explore.explore import explore
from aprt.explore.replay import replay
from aprt.museum.catalogue import ENTRIES
from aprt.verdict.case import Case
from aprt.verdict.cause import cause
from aprt.verdict.tokens import Recording
from aprt.vfio_ap.eras import ERAS
from aprt.view.columns import columns
from aprt.view.reports.report import raced, reasoned, report
from aprt.view.reports.story import story
from aprt.view.reports.subject import Subject
from aprt.view.reports.title import kind_of, title
from aprt.view.words import step

STORED = Path(__file__).parent / "stored" / "reports"
TITLES = STORED / "titles.txt"
MODELLED = {entry.id: entry.shown_by for entry in ENTRIES if entry.shown_by is not None}
KINDS = {
    "B2": "lockdep",
    "B3": "lockdep",
    "B4": "kasan",
    "B5": "leak",
    "B6": "kasan",
    "B8": "hungtask",
    "B10": "hungtask",
    "B11": "lockdep",
    "B18": "leak",
    "B20": "kcsan",
    "B22": "kasan",
    "B26": "lockdep",
    "B47": "hungtask",
    "B48": "hungtask",
    "B50": "leak",
    "deadlock": "hungtask",
    "unlock": "lockdep",
}
HOLE = re.compile(r"\?|unknown|None \w|\w None|<[a-z_]+ object")
BLANK = re.compile(r"= $|\(, |, , |, \)")
"""A value without a name, as a reply or an argument."""

NO_MESSAGE = re.compile(r"#|---( \S|\s*$)|diff |Index: |\S+-by:|>8")
"""What git drops from a commit message, or takes for its end, and what checkpatch takes for a tag."""

OTHERS = {"deadlock": ("6.2/two-closers", "deadlock"), "unlock": ("v4/kill-qemu+masks_unlocked_twice", "K2")}
COUNTS = {"addition": "6.0/open-while-ending", "underflow": "v4/h7+put_twice"}


def subject_of(reference: str, id: str, finding: str = "*") -> Subject:
    case = Case.parse(reference, ERAS)
    model = case.model()
    (property,) = model.select((id,))
    found = explore(model.system, (property,), stop_on="first" if finding == "*" else "all").findings
    wanted = attrs.evolve(next(iter(MODELLED.values())), violates=id, finding=finding)
    chosen = next(one for one in found if wanted.says(one.property, one.text))
    return Subject(case, model.system, replay(model.system, chosen.schedule, (property,)), chosen)


@cache
def shown(id: str) -> Subject:
    """The finding of an entry, without its fix; or a count that goes wrong, or what no entry shows."""
    if id in COUNTS:
        return subject_of(COUNTS[id], "K3")
    if id in OTHERS:
        return subject_of(*OTHERS[id])
    return subject_of(MODELLED[id].buggy, MODELLED[id].violates, MODELLED[id].finding)


@cache
def best(id: str) -> Subject:
    """As `aprt explain` tells it: with the other side of a race, and to where what hangs comes to rest."""
    subject = raced(shown(id))
    assert subject.finding is not None
    if subject.finding.property != "P49":  # of others the reason takes long, and is no part of the report
        return subject
    recording = Recording(subject.case, subject.case.model(), subject.finding.schedule, id)
    return reasoned(subject, cause(recording, subject.finding))


def in_columns(id: str, *, brief: bool = False) -> list[str]:
    subject = best(id)
    assert subject.finding is not None
    return columns(subject.events, [subject.finding], brief=brief)


def through_git(lines: list[str], folder: Path) -> list[str]:
    """A text as it comes back from a commit message that is mailed and applied again."""
    clean = subprocess.run(
        ["git", "stripspace", "--strip-comments"], input="\n".join(lines), capture_output=True, text=True, check=True
    ).stdout
    mail = f"From: a <a@b.c>\nSubject: [PATCH] columns\n\n{clean}---\n x | 1 +\n\ndiff --git a/x b/x\n"
    command = ["git", "mailinfo", "--encoding=UTF-8", "message", "patch"]
    subprocess.run(command, input=mail, capture_output=True, text=True, check=True, cwd=folder)
    return (folder / "message").read_text(encoding="utf-8").splitlines()


def told(id: str) -> str:
    subject = best(id)
    lines = report(subject)
    assert lines is not None
    return "\n".join([title(subject), "", *lines]) + "\n"


def titles() -> str:
    return "".join(f"{id:4} {title(best(id))}\n" for id in MODELLED)


@pytest.mark.parametrize("id", [*KINDS, *COUNTS])
def test_a_report_has_the_anatomy_of_the_kernel_s(id: str) -> None:
    assert kind_of(best(id)) == KINDS.get(id, "refcount")
    assert told(id) == (STORED / f"{id}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("id", ["B9", "B11", "B22"])
def test_schedules_of_one_bug_that_were_drawn_by_lot_have_one_title(id: str) -> None:
    system, entry = shown(id).system, MODELLED[id]
    (property,) = Case.parse(entry.buggy, ERAS).model().select((entry.violates,))
    drawn = set()
    for seed in range(4):
        for found in explore(system, (property,), strategy="random", seed=seed).findings:
            execution = replay(system, found.schedule, (property,))
            drawn.add(found.schedule)
            assert title(attrs.evolve(shown(id), execution=execution, finding=found)) == title(shown(id))
    assert len(drawn) > 1


@pytest.mark.parametrize("id", MODELLED)
def test_an_entry_has_a_title_that_stays_and_is_told_in_columns_and_in_plain_words(id: str, tmp_path: Path) -> None:
    assert f"{id:4} {title(best(id))}\n" in TITLES.read_text(encoding="utf-8")
    told = story(best(id))
    assert len(told) <= (9 if id == "B15" else 8)  # a lock goes over twice, and each turn there is kept
    assert [step(event) for event in best(id).events if BLANK.search(step(event))] == []
    if shutil.which("git") is not None:
        assert through_git(in_columns(id), tmp_path) == in_columns(id)
        assert through_git(in_columns(id, brief=True), tmp_path) == in_columns(id, brief=True)
    for line in (*in_columns(id), *in_columns(id, brief=True), *told):
        assert HOLE.search(line) is None
        assert NO_MESSAGE.match(line) is None
        assert len(line) <= 75
        assert line == line.rstrip()
        assert line.isascii()
        assert not line or line.isprintable()


def test_the_titles_are_those_of_the_modelled_entries() -> None:
    assert [line.split()[0] for line in TITLES.read_text(encoding="utf-8").splitlines()] == list(MODELLED)


@pytest.mark.parametrize("id", [*KINDS, *COUNTS])
def test_a_report_has_no_hole(id: str) -> None:
    assert HOLE.search(told(id)) is None


if __name__ == "__main__":
    STORED.mkdir(exist_ok=True)
    for id in (*KINDS, *COUNTS):
        (STORED / f"{id}.txt").write_text(told(id), encoding="utf-8")
    TITLES.write_text(titles(), encoding="utf-8")
