"""Drives the behaviours one step at a time, along every schedule that matters. No trio in here.

The package can be called: `aprt.explore` is its name and also, for users, the function `explore.explore`. A
function bound over the package's name in `aprt` would be lost or not, depending on what is imported first.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inspect import Signature


class _Package(ModuleType):
    """What `help` and `inspect.signature` show of it are those of the function, too."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        from aprt.explore.explore import explore

        return explore(*args, **options)

    @property
    def __signature__(self) -> Signature:
        from inspect import signature

        from aprt.explore.explore import explore

        return signature(explore)

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        from aprt.explore.explore import explore

        return f"{vars(self)['__doc__']}\n\nexplore{self.__signature__}\n\n    {explore.__doc__}"


sys.modules[__name__].__class__ = _Package
