"""What is still true when the hardware is not as assumed: rows of tables that documents show and tests check."""

from __future__ import annotations

import attrs


@attrs.frozen
class Assumed:
    """What every property says of a scenario under one assumption on the hardware that is not the default.

    scenario: with its switches, as in a reference. assumption: as a user sets it. breaks: the properties that are
    violated; none: all hold, complete. why: one line, for those that are.
    """

    scenario: str
    assumption: str
    breaks: tuple[str, ...] = ()
    why: str = ""


FAILING_CARD = (
    Assumed("card-off+refused_undoes", "off_is_silent=yes"),
    Assumed(
        "card-off+refused_undoes",
        "off_is_silent=no",
        ("P1", "P8", "P12", "P34", "P35"),
        "03 counts as a finished reset, and the queue still notifies",
    ),
    Assumed(
        "card-broken+refused_undoes",
        "off_is_silent=yes",
        ("P1", "P8", "P34"),
        "04 counts as a finished reset, and the queue recovers with its interrupt on",
    ),
)
"""What a card that fails breaks under every driver: the series with all its measures, and that of 2026."""
