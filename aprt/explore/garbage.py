"""How often Python looks for garbage while aprt searches."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

NEW_OBJECTS: Final = 200_000
"""How many objects are made between two looks for garbage.

A search makes many objects that stay, and few cycles. Python by itself looks after every 700 of them, which takes up
to a quarter of the time. The number is large enough that in a small search it never looks: to go through all that was
imported would be nearly as much work as the search.
"""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Look for garbage that seldom, or not at all if that is how it was set; afterwards as often as before."""
    before, *older = gc.get_threshold()
    gc.set_threshold(before and max(before, NEW_OBJECTS), *older)
    try:
        yield
    finally:
        gc.set_threshold(before, *older)
