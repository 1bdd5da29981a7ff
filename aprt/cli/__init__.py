"""The command line: thin. One file per command; what costs time is imported where it is used.

Exit codes: 0 holds, 1 violated, 2 usage, 3 inconclusive or not found, 4 a replay differed, 130 interrupted, 74 the
output cannot be written, 70 a mistake of aprt itself (with a traceback, which no mistake of a user ever shows).
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from aprt.explore.garbage import NEW_OBJECTS

if TYPE_CHECKING:
    from aprt.core.scenario import Era


def main() -> None:
    """The entry point."""
    gc.set_threshold(NEW_OBJECTS)
    try:
        from aprt.cli.root import root
    except KeyboardInterrupt:  # Ctrl-C before there is anything to tell
        sys.exit(130)

    root(obj=known_eras)


def known_eras() -> Mapping[str, Era]:
    """The eras that aprt comes with."""
    from aprt.vfio_ap.eras import ERAS

    return ERAS
