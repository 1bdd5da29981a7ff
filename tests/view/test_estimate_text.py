"""Estimates as a user reads them."""

from __future__ import annotations

import json
import math

import pytest

from aprt.explore.sampling.estimates import Estimate, Estimates, estimate
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


@pytest.mark.parametrize(
    ("value", "line", "number"),
    [
        (123_456_789_012.4, "123456789012", 123_456_789_012.4),
        (5419930555217455830654293963968593526784.0, "5.4e+39", 5419930555217455830654293963968593526784.0),
        (math.inf, "inf", None),
    ],
)
def test_the_last_line_has_as_many_digits_as_tell_something_and_json_a_number(
    value: float, line: str, number: float | None
) -> None:
    case, one = Case.parse("toy/tidy", ERAS), Estimate(value, 1.0, 1.0, value, 2.0)
    found = Estimates(7, 0, one, one)
    told = estimate_text(case, found, Paint()).splitlines()[-1]
    assert told == (
        f"aprt: ESTIMATE scenario=toy/tidy era=toy with=locked interleavings={line} traces={line} reliable=no probes=7"
    )
    assert json.loads(estimate_json(case, found))["interleavings"]["value"] == number
