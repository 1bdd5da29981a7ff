"""What detectors saw in an execution, as text and for JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from aprt.core.amount import count
from aprt.detect.detection import Site
from aprt.verdict.predicted import Detected, Predicted
from aprt.view.columns import WIDTH
from aprt.view.commands import command_lines, quoted
from aprt.view.paint import Paint
from aprt.view.words import ends_at

SHOWN = 10  # detections; JSON has them all


def detected_lines(detected: Sequence[Detected], paint: Paint) -> list[str]:
    """Each detection with the steps that matter to it, and what the search for it says; a blank line before each."""
    lines = [line for one in detected[:SHOWN] for line in _lines(one, paint)]
    left = len(detected) - SHOWN
    return [*lines, "", f"({count(left, 'more detection')}; --format json has all)"] if left > 0 else lines


def _lines(detected: Detected, paint: Paint) -> Iterator[str]:
    one = detected.detection
    head, *more = textwrap.wrap(f"DETECTED {one.kind}: {one.text}", WIDTH, subsequent_indent="  ")
    yield ""
    yield head.replace("DETECTED", paint.yellow("DETECTED"), 1)
    yield from more
    width = max((len(site.role) for site in one.sites), default=0)
    for site in one.sites:
        yield from textwrap.wrap(_told(site, width), WIDTH, initial_indent="  ", subsequent_indent=" " * (width + 4))
    if detected.predicted is not None:
        yield from _predicted_lines(detected.predicted)
    elif detected.cut:
        yield "  the other order: not known, as the search for it was interrupted"


def _predicted_lines(predicted: Predicted) -> Iterator[str]:
    states = count(predicted.states, "state")
    if predicted.schedule is not None:
        yield f"  the other order: realised by {count(len(predicted.schedule), 'step')}"
        yield from (
            ("  (too long for a token)",)
            if predicted.token is None
            else command_lines("  reproduce", f"aprt replay {quoted(predicted.token)}")
        )
    elif predicted.complete:
        yield f"  the other order: never, in all {states}"
    elif predicted.unasked:
        yield f"  the other order: not met in {states}, but {ends_at(predicted.unasked)}"
    else:
        yield f"  the other order: not met in {states}, which are not all there are"


def _told(site: Site, width: int) -> str:
    if site.index is None:
        when = "in another run"
    else:
        when = f"step {site.index}" if site.index >= 0 else "before the first step"
    who = f"{site.where}: {site.op}, " if site.context else ""
    return f"{site.role.ljust(width)}  {who}{when}"


def detected_json(detected: Sequence[Detected]) -> list[dict[str, Any]]:
    """One object for each detection; a step before the first one, or of another execution, is null.

    realised: what the search for a possible use after free says; null for what was seen itself.
    """
    return [
        {
            "kind": one.detection.kind,
            "text": one.detection.text,
            "step": one.detection.index if one.detection.index >= 0 else None,
            "objects": list(one.detection.objects),
            "sites": [_site(site) for site in one.detection.sites],
            "realised": None if one.predicted is None else _realised(one.predicted),
        }
        for one in detected
    ]


def _site(site: Site) -> dict[str, Any]:
    return {
        "role": site.role,
        "step": None if site.index == -1 else site.index,
        "context": site.context,
        "op": site.op,
        "functions": list(site.functions),
    }


def _realised(predicted: Predicted) -> dict[str, Any]:
    """schedule: null where none was found, which is final if `complete`."""
    schedule = predicted.schedule
    return {
        "schedule": None if schedule is None else [[label.context, label.op] for label in schedule],
        "token": predicted.token,
        "states": predicted.states,
        "complete": predicted.complete,
        "unasked": list(predicted.unasked),
    }
