"""Estimates as a user reads them."""

from __future__ import annotations

import json

from aprt.explore.sampling.estimates import estimate
from aprt.verdict.case import Case
from aprt.view.estimate_text import estimate_json, estimate_text
from aprt.view.paint import Paint
from tests.explore.programs.cells import long_chain
from tests.toy import ERAS


def test_a_heavy_tail_has_no_upper_limit() -> None:
    case, found = Case.parse("toy/tidy", ERAS), estimate(long_chain(19), 50)
    told = estimate_text(case, found, Paint())
    assert told.count(" or more\n               heavy tail: a few rare executions outweigh the others,\n") == 2
    assert "95 %" not in told
    data = json.loads(estimate_json(case, found))
    for name in ("interleavings", "traces"):
        assert (data[name]["reliable"], data[name]["high"]) == (False, None)
        assert data[name]["low"] <= data[name]["value"]
