"""How often Python looks for garbage while aprt searches."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

NEW_OBJECTS: Final = 200_000
"""Between two looks for garbage. A search makes many that stay, and few cycles: looking after each 700 of them, as
Python does by itself, takes up to a quarter of the time. So many that what was imported is not looked through either:
for a small search that alone is nearly as much work."""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Look for garbage no more often than that. Afterwards it is as often as before; never, where it was never."""
    before, *older = gc.get_threshold()
    gc.set_threshold(before and max(before, NEW_OBJECTS), *older)
    try:
        yield
    finally:
        gc.set_threshold(before, *older)
