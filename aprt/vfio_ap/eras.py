"""The eras that the model follows, by name, the oldest first. What one is made of is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from aprt.core.scenario import Era
from aprt.vfio_ap.releases.titles import TITLES

_SERIES: Final = "v4"
_NAMES: Final = (_SERIES, *TITLES)


class Eras(Mapping[str, Era]):
    """All of them. Names are known without an import."""

    def __getitem__(self, name: str) -> Era:
        if name == _SERIES:
            from aprt.vfio_ap.v4.era import V4

            return V4
        if name in TITLES:
            from aprt.vfio_ap.releases.eras import release

            return release(name)
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return name in _NAMES

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)


ERAS: Final[Mapping[str, Era]] = Eras()
