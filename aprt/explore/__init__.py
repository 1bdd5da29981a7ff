"""Drives the behaviours one step at a time, along every schedule that matters. No trio in here.

The package can be called: `aprt.explore` is its name and also, for users, the function `explore.explore`. A
function bound over the package's name in `aprt` would be lost or not, depending on what is imported first.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Package(ModuleType):
    def __call__(self, *args: Any, **options: Any) -> Any:
        from aprt.explore.explore import explore

        return explore(*args, **options)


sys.modules[__name__].__class__ = _Package
