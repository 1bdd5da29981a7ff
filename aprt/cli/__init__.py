"""The command line: thin. One file per command; what costs time is imported where it is used.

Exit codes: 0 holds, 1 violated, 2 usage, 3 inconclusive or not found, 4 a replay differed, 5 a bug of the museum is not
as expected, 130 interrupted, 74 the output cannot be written, 141 nobody reads it any more, 70 a mistake of aprt itself
(with a traceback, which no mistake of a user ever shows).
"""

from __future__ import annotations

from aprt.cli.leaving import heed, ignore

TYPE_CHECKING = False  # that of typing, which takes long to import: Ctrl-C is not heeded yet
if TYPE_CHECKING:
    from collections.abc import Mapping

    from aprt.core.scenario import Era


def main() -> None:
    """The entry point. What was printed counts: behind that Ctrl-C changes no exit code."""
    heed()
    import gc

    from aprt.cli.root import root
    from aprt.explore.garbage import NEW_OBJECTS

    gc.set_threshold(NEW_OBJECTS)
    try:
        root(obj=known_eras)
    finally:
        ignore()


def known_eras() -> Mapping[str, Era]:
    """The eras that aprt comes with."""
    from aprt.vfio_ap.eras import ERAS

    return ERAS
