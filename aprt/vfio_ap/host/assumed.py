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
