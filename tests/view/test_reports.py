"""Reports: one of each kind as it stands in a file, and every entry of the museum told without a hole.

The files are written anew by `python -m tests.view.test_reports`.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from aprt.core.properties import Finding
from aprt.explore.explore import explore
from aprt.explore.replay import replay
from aprt.museum.catalogue import ENTRIES
from aprt.verdict.case import Case
from aprt.vfio_ap.eras import ERAS
from aprt.view.columns import columns
from aprt.view.reports.report import report
from aprt.view.reports.story import story
from aprt.view.reports.subject import Subject
from aprt.view.reports.title import kind_of, title

STORED = Path(__file__).parent / "stored" / "reports"
MODELLED = {entry.id: entry.shown_by for entry in ENTRIES if entry.shown_by is not None}
KINDS = {"B3": "lockdep", "B4": "kasan", "B5": "leak", "B6": "kasan", "B8": "hungtask"}


@cache
def shown(id: str) -> Subject:
    """The finding of an entry, without its fix."""
    contrast = MODELLED[id]
    case = Case.parse(contrast.buggy, ERAS)
    model = case.model()
    (property,) = model.select((contrast.violates,))
    found = explore(model.system, (property,), stop_on="all").findings
    finding = next(one for one in found if contrast.says(one.property, one.text))
    return Subject(case.scenario, case.era.name, replay(model.system, finding.schedule, (property,)), finding)


def told(id: str) -> str:
    subject = shown(id)
    return "\n".join([title(subject), "", *(report(subject) or columns(subject.events, [_of(subject)]))]) + "\n"


def _of(subject: Subject) -> Finding:
    assert subject.finding is not None
    return subject.finding


@pytest.mark.parametrize("id", KINDS)
def test_a_report_has_the_anatomy_of_the_kernel_s(id: str) -> None:
    assert kind_of(shown(id)) == KINDS[id]
    assert told(id) == (STORED / f"{id}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("id", MODELLED)
def test_columns_and_story_of_a_museum_entry_have_no_hole(id: str) -> None:
    subject = shown(id)
    for lines in (columns(subject.events, [_of(subject)]), story(subject)):
        text = "\n".join(lines)
        assert re.search(r"\?|unknown|None None", text) is None
        assert max(map(len, columns(subject.events, [_of(subject)]))) <= 75
    assert len(story(subject)) <= 8


def test_a_title_is_the_same_for_every_schedule_of_a_bug() -> None:
    assert {title(shown(id)) for id in ("B4",)} == {"KASAN: slab-use-after-free in handle_pqap"}


if __name__ == "__main__":
    STORED.mkdir(exist_ok=True)
    for id in KINDS:
        (STORED / f"{id}.txt").write_text(told(id), encoding="utf-8")
