"""What detectors saw in an execution, as text and for JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from aprt.core.amount import count
from aprt.detect.detection import Detection, Site
from aprt.view.columns import WIDTH
from aprt.view.paint import Paint

SHOWN = 10  # detections; JSON has them all


def detected_lines(detected: Sequence[Detection], paint: Paint) -> list[str]:
    """Each with the steps that matter to it; a blank line before each."""
    lines = [line for one in detected[:SHOWN] for line in _lines(one, paint)]
    left = len(detected) - SHOWN
    return [*lines, "", f"({count(left, 'more detection')}; --format json has all)"] if left > 0 else lines


def _lines(detection: Detection, paint: Paint) -> Iterator[str]:
    head, *more = textwrap.wrap(f"DETECTED {detection.kind}: {detection.text}", WIDTH, subsequent_indent="  ")
    yield ""
    yield head.replace("DETECTED", paint.yellow("DETECTED"), 1)
    yield from more
    width = max((len(site.role) for site in detection.sites), default=0)
    for site in detection.sites:
        yield from textwrap.wrap(_told(site, width), WIDTH, initial_indent="  ", subsequent_indent=" " * (width + 4))


def _told(site: Site, width: int) -> str:
    if site.index is None:
        when = "in another run"
    else:
        when = f"step {site.index}" if site.index >= 0 else "before the first step"
    who = f"{site.where}: {site.op}, " if site.context else ""
    return f"{site.role.ljust(width)}  {who}{when}"


def detected_json(detected: Sequence[Detection]) -> list[dict[str, Any]]:
    """One object each; a step before the first one, or of another execution, is null."""
    return [
        {
            "kind": one.kind,
            "text": one.text,
            "step": one.index if one.index >= 0 else None,
            "objects": list(one.objects),
            "sites": [
                {
                    "role": site.role,
                    "step": None if site.index == -1 else site.index,
                    "context": site.context,
                    "op": site.op,
                    "functions": list(site.functions),
                }
                for site in one.sites
            ],
        }
        for one in detected
    ]
