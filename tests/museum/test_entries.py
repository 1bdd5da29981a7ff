"""Every entry that is modelled: found without its fix, gone with it, both replayed or complete."""

import pytest

from aprt.cli import known_eras
from aprt.cli.cases import case_finder
from aprt.core.token import decode
from aprt.explore.result import Bounds
from aprt.museum.catalogue import ENTRIES
from aprt.museum.entry import Entry
from aprt.verdict.contrasts import check_many

MODELLED = [entry for entry in ENTRIES if entry.shown_by is not None]


@pytest.mark.parametrize("entry", MODELLED, ids=lambda entry: entry.id)
def test_a_bug_is_found_without_its_fix_and_not_with_it(entry: Entry) -> None:
    assert entry.shown_by is not None
    (checked,) = check_many({entry.id: entry.shown_by}, case_finder(known_eras), Bounds(budget=100))
    assert checked.failures == ()
    token = checked.buggy.findings[0].token
    assert token is not None
    assert len(token) < 60
    assert decode(token).reference == entry.shown_by.buggy
